from evenfold.config.training import Training
from evenfold.job import job
from evenfold.sanity.controls import ControlInputs, control_files

with job(snakemake.log[0]) as log:
    control_files(
        ControlInputs(**dict(snakemake.input.items())),
        snakemake.output[0],
        Training(**snakemake.params.training),
        snakemake.params.seed,
        snakemake.params.device,
        snakemake.params.training_threads,
        log,
    )
