from evenfold.files import write_text
from evenfold.job import job
from evenfold.reporting.report import report_files

with job(snakemake.log[0]) as log:
    html = report_files(
        snakemake.wildcards.dataset,
        dict(snakemake.input.items()),
        dict(snakemake.params.items()),
    )
    write_text(snakemake.output[0], html)
    log.info("%d bytes", len(html))
