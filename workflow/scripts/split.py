from evenfold.config.split import Split
from evenfold.job import job
from evenfold.sequences.splitting import split_files

with job(snakemake.log[0]) as log:
    facts = split_files(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        Split(**snakemake.params.split),
        snakemake.params.seed,
    )
    log.info("%s", facts)
