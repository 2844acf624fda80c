from pathlib import Path

from evenfold.job import job
from evenfold.prediction.sharding import Shard, score_shard
from evenfold.prediction.trust import Wanted
from evenfold.sequences.cutting import span_of

with job(snakemake.log[0], snakemake.input) as log:
    number, _, total = snakemake.wildcards.shard.partition("-of-")
    fasta, written = snakemake.input.fasta, snakemake.output
    counts = score_shard(
        snakemake.params.folder,
        fasta,
        span_of(fasta, int(number) - 1, int(total)),
        Shard(*(Path(written[name]) for name in Shard.__annotations__)),
        Wanted(**snakemake.params.wanted),
    )
    log.info("%d scored, %d rejected", counts.scored, counts.rejected)
