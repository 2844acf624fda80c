from evenfold.config.decides import Decides
from evenfold.files import write_text
from evenfold.job import job
from evenfold.records.sequences import SplitFacts
from evenfold.reporting.facts import (
    ReportFiles,
    ReportSettings,
    read_facts,
)
from evenfold.reporting.report import report

with job(snakemake.log[0]) as log:
    kind = SplitFacts.read(snakemake.input.split).kind
    facts = read_facts(
        snakemake.wildcards.dataset,
        ReportFiles(**dict(snakemake.input.items())),
        ReportSettings(
            variants=snakemake.params.variants,
            description=snakemake.params.description,
            published=snakemake.params.published,
            decides=Decides.resolved(snakemake.params.decides, kind),
        ),
        snakemake.params.benchmarks,
    )
    html = report(facts)
    write_text(snakemake.output[0], html)
    log.info("%d bytes", len(html))
