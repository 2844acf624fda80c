from evenfold.job import job
from evenfold.selection.thresholds import tune_files

with job(snakemake.log[0]) as log:
    told = tune_files(
        snakemake.input.oof,
        snakemake.input.twin,
        snakemake.output[0],
        snakemake.params.selection,
        snakemake.params.seed,
    )
    log.info(told)
