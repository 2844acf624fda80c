from pathlib import Path

from evenfold.job import job
from evenfold.records.layout import Results
from evenfold.tracking.keeping import record

with job(snakemake.log[0], snakemake.input) as log:
    run = record(Results.at(Path(snakemake.output[0]).parent), log.warning)
    run.write(snakemake.output[0])
    log.info("%s", run)
