from evenfold.config.decides import Decides
from evenfold.job import job
from evenfold.models.running import Resources
from evenfold.models.settings import Specification
from evenfold.records.selection import Selection
from evenfold.sanity.learning_curve import (
    CurveInputs,
    VariantInputs,
    learning_curve_files,
)

with job(snakemake.log[0], snakemake.input) as log:
    inputs, params = snakemake.input, snakemake.params
    decides = Decides.of(Selection.read(inputs.selection).config)
    files = zip(inputs.matrix, inputs.columns, inputs.oof, strict=True)
    learning_curve_files(
        CurveInputs(
            inputs.selection,
            inputs.sequences,
            inputs.split,
            {name: VariantInputs(*own) for name, own in zip(params.variants, files)},
        ),
        snakemake.output[0],
        {
            name: Specification(
                variant.training, variant.loss.model_dump(), params.seed
            )
            for name, variant in decides.variants.items()
        },
        Resources(params.device, params.training_threads, params.engine),
        log,
    )
