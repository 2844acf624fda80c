from evenfold.job import job
from evenfold.sequences.fetch import fetch

with job(snakemake.log[0], snakemake.input) as log:
    entry = snakemake.params.entry
    fetch(entry["url"], entry["sha256"], snakemake.output[0], snakemake.params.mirror)
    log.info("fetched %s, checksum %s", entry["url"], entry["sha256"])
