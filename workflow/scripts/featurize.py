from evenfold.features.encodings import featurize_file
from evenfold.files import read_json
from evenfold.job import job

with job(snakemake.log[0]) as log:
    shape = featurize_file(
        snakemake.input.sequences,
        **snakemake.params.features,
        longest=read_json(snakemake.input.facts)["longest"],
        matrix=snakemake.output.matrix,
        columns=snakemake.output.columns,
        proteins=snakemake.input.proteins,
    )
    log.info("%d sequences, %d columns", *shape)
