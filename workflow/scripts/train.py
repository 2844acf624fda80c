from evenfold.config.training import Training
from evenfold.features import describing
from evenfold.job import job
from evenfold.models.running import EarlierLosses, Resources, train_files
from evenfold.models.settings import Specification

with job(snakemake.log[0]) as log:
    params = snakemake.params
    train_files(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        Specification(Training(**params.training), params.loss, params.seed),
        EarlierLosses(params.alike, params.same_loss),
        Resources(params.device, params.training_threads, params.engine),
        describing(snakemake.input.columns),
        log,
    )
