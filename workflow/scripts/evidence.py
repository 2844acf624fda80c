from pathlib import Path

import evenfold
from evenfold.files import write_text
from evenfold.job import job
from evenfold.records.layout import Results
from evenfold.records.tables import check_whole
from evenfold.reporting.evidence import Evidence, crate, dome, model_card

with job(snakemake.log[0], snakemake.input) as log:
    results = Results.at(Path(snakemake.output.dome).parent)
    # The crate has digests of these, unread.
    for name in ("report", "predictions", "sequences", "split"):
        check_whole(results.path(name))
    # Beside the folder of the rules, wherever that is: no parameter, which a move changes.
    snakefile = Path(evenfold.__file__).parents[2] / "Snakefile"
    write_text(snakemake.output.workflow, snakefile.read_text(encoding="utf-8"))
    evidence = Evidence.read(results, snakemake.params.given)
    written = dome(evidence)
    written.write(snakemake.output.dome)
    write_text(snakemake.output.card, model_card(evidence))
    write_text(snakemake.output.crate, crate(evidence))
    log.info("not given: %s", ", ".join(written.missing) or "nothing")
