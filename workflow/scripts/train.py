from evenfold.config.kinds import resolved
from evenfold.features import describing
from evenfold.job import job
from evenfold.models.running import EarlierLosses, Resources, train_files
from evenfold.models.settings import Specification
from evenfold.records.sequences import SplitFacts

with job(snakemake.log[0], snakemake.input) as log:
    params = snakemake.params
    kind = SplitFacts.read(snakemake.input.facts).kind
    training = resolved(params.training, kind, str(snakemake.wildcards.variant))
    train_files(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        Specification(training, params.loss, params.seed),
        EarlierLosses(params.alike[kind], params.same_loss),
        Resources(params.device, params.training_threads, params.engine),
        describing(snakemake.input.columns),
        log,
    )
