from evenfold.config.split import Split
from evenfold.job import job
from evenfold.sequences.splitting import SplitInputs, SplitOutputs, split_files

with job(snakemake.log[0], snakemake.input) as log:
    facts = split_files(
        SplitInputs(**dict(snakemake.input.items())),
        SplitOutputs(**dict(snakemake.output.items())),
        Split(**snakemake.params.split),
        snakemake.params.seed,
    )
    log.info("%s", facts.dump())
