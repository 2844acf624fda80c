from evenfold.job import job
from evenfold.reporting.summary import summary_files

with job(snakemake.log[0]) as log:
    n = summary_files(
        snakemake.params.datasets, snakemake.output.html, snakemake.output.table
    )
    log.info("%d rows", n)
