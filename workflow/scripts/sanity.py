import pandas as pd

from evenfold.files import write_table, write_text
from evenfold.job import job
from evenfold.sanity.verdict import judge

with job(snakemake.log[0]) as log:
    table, told = judge(pd.read_parquet(snakemake.input[0]))
    write_table(snakemake.output.table, table)
    write_text(snakemake.output.verdict, "\n".join(told) + "\n")
    for sentence in told:
        log.warning("%s: %s", snakemake.wildcards.dataset, sentence)
