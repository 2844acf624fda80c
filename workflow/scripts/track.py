from evenfold.config.decides import Decides
from evenfold.job import job
from evenfold.records.selection import Selection
from evenfold.tracking.uploading import FinishedFiles, track

with job(snakemake.log[0]) as log:
    run = track(
        snakemake.wildcards.dataset,
        FinishedFiles(**dict(snakemake.input.items())),
        snakemake.params.variants,
        Decides.of(Selection.read(snakemake.input.selection).config),
    )
    run.write(snakemake.output[0])
    log.info("%s", run)
