from evenfold.config.reading import Reading
from evenfold.job import job
from evenfold.sequences.cleaning import CleanOutputs, clean_files

with job(snakemake.log[0], snakemake.input) as log:
    counts = clean_files(
        snakemake.params.files,
        Reading(**snakemake.params.reading),
        CleanOutputs(**dict(snakemake.output.items())),
    )
    for role, numbers in counts.by_role.items():
        log.info("%s: %s", role, numbers.dump())
        if numbers.gapped:
            log.warning(
                "%s: %d of %d records rejected for the gap letter -; if it pads windows, "
                "set `cleaning: {gap: keep}`",
                role,
                numbers.gapped,
                numbers.read,
            )
