from pathlib import Path

from evenfold.job import job
from evenfold.prediction.sharding import Shard, gather
from evenfold.prediction.streaming import Asked, predict_files

with job(snakemake.log[0]) as log:
    given, written = snakemake.input, snakemake.output
    asked = Asked(
        [given.fasta],
        Path(written.scores),
        Path(written.rejected),
        proteins=Path(written[2]) if len(written) == 3 else None,
    )
    settings = snakemake.params.folder, asked
    if given.counts:
        files = zip(*(map(Path, given[name]) for name in Shard.__annotations__))
        shards = [Shard(*paths) for paths in files]
        counts, told = gather(*settings, shards, snakemake.params.ledger)
        for sentence in told:
            log.warning(sentence)
    else:
        counts = predict_files(*settings, snakemake.params.ledger, log.warning)
    log.info("%d scored, %d rejected", counts.scored, counts.rejected)
