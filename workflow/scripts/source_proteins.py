from evenfold.job import job
from evenfold.records.selection import Selection
from evenfold.sequences.source_proteins import SiteFiles, source_proteins

with job(snakemake.log[0], snakemake.input) as log:
    inputs = snakemake.input
    champion = Selection.read(inputs.selection).champion
    oof = dict(zip(snakemake.params.variants, inputs.oof))
    found = source_proteins(
        SiteFiles(inputs.sequences, inputs.split, inputs.proteins, oof[champion]),
        champion,
    )
    found.write(snakemake.output[0])
    log.info("%d proteins, %d sites", found.proteins, found.sites)
