from evenfold.files import write_json
from evenfold.job import job
from evenfold.tracking.uploading import track_files

with job(snakemake.log[0]) as log:
    run = track_files(
        snakemake.wildcards.dataset,
        dict(snakemake.input.items()),
        snakemake.params.variants,
        snakemake.params.decides,
    )
    write_json(snakemake.output[0], run)
    log.info("%s", run)
