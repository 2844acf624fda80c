from pathlib import Path

from evenfold.job import job
from evenfold.prediction.streaming import Asked, predict_files
from evenfold.prediction.trust import Wanted

with job(snakemake.log[0]) as log:
    counts = predict_files(
        snakemake.params.folder,
        Asked(
            [snakemake.input.fasta],
            Path(snakemake.output.scores),
            Path(snakemake.output.rejected),
            wanted=Wanted(**snakemake.params.wanted),
        ),
        snakemake.params.ledger,
        log.warning,
        # The run's own: it trained them in this workflow.
        trust_modules=True,
    )
    log.info("%d scored, %d rejected", counts.scored, counts.rejected)
