from evenfold.job import job
from evenfold.tracking.uploading import FinishedFiles, settings_of, track

with job(snakemake.log[0]) as log:
    run = track(
        snakemake.wildcards.dataset,
        FinishedFiles(**dict(snakemake.input.items())),
        snakemake.params.variants,
        settings_of(snakemake.params.decides),
    )
    run.write(snakemake.output[0])
    log.info("%s", run)
