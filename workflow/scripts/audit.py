from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.files import write_json
from evenfold.job import job
from evenfold.machine import available_cpus
from evenfold.sequences.auditing import audit_files, refuse

with job(snakemake.log[0]) as log:
    rules = Audit(**snakemake.params.rules)
    found = audit_files(
        **dict(snakemake.input.items()),
        limits=Grouping(**snakemake.params.grouping),
        rules=rules,
        ordered=snakemake.params.ordered,
        threads=min(snakemake.threads, available_cpus()),
        seed=snakemake.params.seed,
    )
    write_json(snakemake.output[0], found)
    for finding in found["findings"]:
        log.info("%s: %s", finding["severity"], finding["title"])
    refuse(found, rules)
