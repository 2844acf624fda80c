from evenfold.features.encodings import featurize_file
from evenfold.job import job
from evenfold.records.sequences import SplitFacts

with job(snakemake.log[0]) as log:
    shape = featurize_file(
        snakemake.input.sequences,
        **snakemake.params.features,
        longest=SplitFacts.read(snakemake.input.facts).longest,
        matrix=snakemake.output.matrix,
        columns=snakemake.output.columns,
        proteins=snakemake.input.proteins,
    )
    log.info("%d sequences, %d columns", *shape)
