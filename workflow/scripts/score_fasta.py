from pathlib import Path

from evenfold.job import job
from evenfold.prediction.sharding import Shard, gather
from evenfold.prediction.streaming import Asked, predict_files, summary
from evenfold.prediction.trust import Wanted
from evenfold.terminal import CAME_OF_IT

with job(snakemake.log[0], snakemake.input) as log:
    given, written = snakemake.input, snakemake.output
    proteins = written.get("proteins")
    asked = Asked(
        [given.fasta],
        Path(written.scores),
        Path(written.rejected),
        proteins=Path(proteins) if proteins else None,
        wanted=Wanted(**snakemake.params.wanted),
    )
    folder, ledger = snakemake.params.folder, snakemake.params.ledger
    if given.counts:
        files = zip(*(map(Path, given[name]) for name in Shard.__annotations__))
        shards = [Shard(*paths) for paths in files]
        counts = gather(folder, asked, shards, ledger, log.warning)
    else:
        # The run's own code: it trained them in this workflow.
        counts = predict_files(folder, asked, ledger, log.warning, trust_modules=True)
    for line in summary(counts, asked):
        log.info("%s%s", CAME_OF_IT, line)
