from evenfold.config.reading import Reading
from evenfold.job import job
from evenfold.sequences.cleaning import CleanOutputs, clean_files

with job(snakemake.log[0]) as log:
    counts = clean_files(
        snakemake.params.files,
        Reading(**snakemake.params.reading),
        CleanOutputs(**dict(snakemake.output.items())),
    )
    for role, numbers in counts.by_role.items():
        log.info("%s: %s", role, numbers.dump())
