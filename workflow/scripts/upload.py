from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.files import write_text
from evenfold.job import job
from evenfold.records.layout import Results
from evenfold.tracking.keeping import upload_kept

with job(snakemake.log[0], snakemake.input) as log:
    results, uploaded = Results.at(Path(snakemake.input.tracked).parent), []
    try:
        uploaded = upload_kept(results)
    except EvenfoldError as error:
        # Said again with what came of the run; nothing else waits for it.
        log.warning("%s", error)
    write_text(snakemake.output[0], "".join(f"{run.run_id}\n" for run in uploaded))
