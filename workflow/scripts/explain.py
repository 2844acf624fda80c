from evenfold.explaining.contributions import contributions_files
from evenfold.job import job

with job(snakemake.log[0], snakemake.input) as log:
    inputs, params = snakemake.input, snakemake.params
    contributions_files(
        inputs.selection,
        {name: inputs[name] for name in ("sequences", "split", "facts")},
        dict(zip(params.variants, inputs.weights, strict=True)),
        snakemake.output[0],
        log,
    )
