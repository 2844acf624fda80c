from evenfold.files import write_json
from evenfold.job import job
from evenfold.selection.freezing import select_files

with job(snakemake.log[0]) as log:
    selection = select_files(
        dict(snakemake.input.items()),
        snakemake.params.variants,
        snakemake.params.losses,
        snakemake.params.decides,
    )
    write_json(snakemake.output[0], selection)
    log.info("champion %s of %s", selection["champion"], selection["selection"])
