from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.job import job
from evenfold.machine import available_cpus
from evenfold.records.sequences import Counts, SplitFacts
from evenfold.records.tables import NEAREST
from evenfold.sequences.auditing import Audited, Search, audit, partners, refuse
from evenfold.sequences.stages import Progress

with job(snakemake.log[0], snakemake.input) as log:
    inputs, params = snakemake.input, snakemake.params
    rules = Audit(**params.rules)
    audited = Audited.read(inputs.sequences, inputs.split, params.ordered)
    found = []
    facts = audit(
        audited,
        Counts.read(inputs.counts),
        SplitFacts.read(inputs.facts),
        Grouping(**params.grouping),
        rules,
        Search(
            min(snakemake.threads, available_cpus()),
            params.seed,
            progress=Progress("audit"),
        ),
        found.append,
    )
    facts.write(snakemake.output.facts)
    NEAREST.write(snakemake.output.nearest, partners(audited, found))
    for finding in facts.findings:
        log.info("%s: %s", finding.severity, finding.title)
    refuse(facts, rules)
