from evenfold.config.kinds import default_features
from evenfold.features.encodings import featurize_file
from evenfold.job import job
from evenfold.records.sequences import SplitFacts

with job(snakemake.log[0], snakemake.input) as log:
    facts = SplitFacts.read(snakemake.input.facts)
    asked = snakemake.params.features
    shape = featurize_file(
        snakemake.input.sequences,
        asked["names"] or default_features(asked["model"], facts.kind),
        (facts.shortest or 0, facts.longest),
        vectors=asked["vectors"],
        matrix=snakemake.output.matrix,
        columns=snakemake.output.columns,
        proteins=snakemake.input.proteins,
    )
    log.info("%d sequences, %d columns", *shape)
