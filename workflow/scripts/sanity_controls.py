from evenfold.config.kinds import resolved
from evenfold.job import job
from evenfold.records.sequences import SplitFacts
from evenfold.sanity.controls import ControlInputs, control_files

with job(snakemake.log[0], snakemake.input) as log:
    files = dict(snakemake.input.items())
    kind = SplitFacts.read(files.pop("facts")).kind
    control_files(
        ControlInputs(**files),
        snakemake.output[0],
        resolved(snakemake.params.training, kind, "the baseline"),
        snakemake.params.seed,
        snakemake.params.device,
        snakemake.params.training_threads,
        log,
    )
