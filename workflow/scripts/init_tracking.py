from evenfold.job import job
from evenfold.tracking.looks import init_tracking
from evenfold.tracking.places import kept, store_at

with job(snakemake.log[0], snakemake.input) as log:
    store = store_at(
        snakemake.params.tracking["uri"],
        snakemake.params.tracking["experiment"],
        snakemake.params.folder,
    )
    init_tracking(store, log.warning).write(snakemake.output.looks)
    kept(store, snakemake.output.tracking).write(snakemake.output.tracking)
    log.info("%s", store)
