import pandas as pd

from evenfold.files import write_json
from evenfold.job import job
from evenfold.selection.thresholds import tune

with job(snakemake.log[0]) as log:
    oof = pd.read_parquet(snakemake.input[0])
    tuned = tune(
        *(oof[column].to_numpy() for column in ("logit", "label", "fold")),
        **snakemake.params.selection,
        seed=snakemake.params.seed,
    )
    write_json(snakemake.output[0], tuned)
    log.info("%s at %.4f", tuned["operating_point"], tuned["threshold"])
