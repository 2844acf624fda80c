from evenfold.job import job
from evenfold.selection.thresholds import tune_files

with job(snakemake.log[0], snakemake.input) as log:
    params = snakemake.params
    for variant, oof, twin, output in zip(
        params.variants, snakemake.input.oof, snakemake.input.twins, snakemake.output
    ):
        told = tune_files(oof, twin, output, params.selection, params.seed)
        log.info("%s: %s", variant, told)
