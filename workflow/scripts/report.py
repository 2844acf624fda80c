from pathlib import Path

from evenfold.config.decides import Decides
from evenfold.files import write_text
from evenfold.job import job
from evenfold.records.layout import Results
from evenfold.records.sequences import SplitFacts
from evenfold.reporting.facts import (
    ReportFiles,
    ReportSettings,
    commit_of,
    read_facts,
)
from evenfold.reporting.report import made

with job(snakemake.log[0], snakemake.input) as log:
    kind = SplitFacts.read(snakemake.input.split).kind
    facts = read_facts(
        snakemake.wildcards.dataset,
        ReportFiles(**dict(snakemake.input.items())),
        ReportSettings(
            variants=snakemake.params.variants,
            description=snakemake.params.description,
            published=snakemake.params.published,
            decides=Decides.resolved(snakemake.params.decides, kind),
            commit=commit_of(Path(read_facts.__code__.co_filename).parent),
        ),
        snakemake.params.benchmarks,
        # No input: it changes with every run.
        Results.at(Path(snakemake.output.page).parent).called,
    )
    figures = Path(snakemake.output.figures)
    figures.mkdir(exist_ok=True)
    report = made(facts, figures.name)
    write_text(snakemake.output.page, report.html)
    for drawing in report.drawings:
        drawing.write(figures)
    log.info("%d bytes, %d figures", len(report.html), len(report.drawings))
