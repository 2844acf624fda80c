from evenfold.files import write_text
from evenfold.job import job
from evenfold.records.tables import CONTROL_RATES, CONTROLS
from evenfold.sanity.verdict import judge

with job(snakemake.log[0], snakemake.input) as log:
    table, sentences = judge(CONTROLS.frame(snakemake.input[0]))
    CONTROL_RATES.write(snakemake.output.table, table)
    write_text(snakemake.output.verdict, "\n".join(sentences) + "\n")
    for sentence in sentences:
        log.warning("%s: %s", snakemake.wildcards.dataset, sentence)
