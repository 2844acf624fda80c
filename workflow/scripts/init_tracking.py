from evenfold.files import write_json
from evenfold.job import job
from evenfold.tracking.uploading import init_tracking

with job(snakemake.log[0]) as log:
    where = init_tracking(snakemake.params.tracking, "results/mlflow")
    write_json(snakemake.output[0], where)
    log.info("%s", where)
