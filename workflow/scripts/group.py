from evenfold.config.grouping import Grouping
from evenfold.job import job
from evenfold.machine import available_cpus
from evenfold.sequences.grouping import group_file

with job(snakemake.log[0], snakemake.input) as log:
    facts = group_file(
        snakemake.input[0],
        Grouping(**snakemake.params.grouping),
        min(snakemake.threads, available_cpus()),
        **dict(snakemake.output.items()),
    )
    log.info("%s", facts.dump())
