from evenfold.job import job
from evenfold.reporting.summary import summarise

with job(snakemake.log[0], snakemake.input) as log:
    n = summarise(
        dict(zip(snakemake.params.datasets, snakemake.input.metrics)),
        snakemake.output.html,
        snakemake.output.table,
        snakemake.params.figures,
    )
    log.info("%d rows", n)
