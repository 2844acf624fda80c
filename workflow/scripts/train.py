from evenfold.config.training import Training
from evenfold.job import job
from evenfold.models.running import train_files

with job(snakemake.log[0]) as log:
    train_files(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        Training(**snakemake.params.training),
        snakemake.params.loss,
        snakemake.params.alike,
        snakemake.params.same_loss,
        snakemake.params.seed,
        snakemake.params.device,
        snakemake.params.training_threads,
        snakemake.params.engine,
        log,
    )
