from evenfold.evaluation.looking import evaluate_files
from evenfold.job import job

with job(snakemake.log[0]) as log:
    status = evaluate_files(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        snakemake.params.variants,
        snakemake.params.ledger,
        snakemake.params.policy,
        snakemake.params.held_out,
        snakemake.params.allow_look,
    )
    if status["status"] == "withheld":
        log.warning("%s", status["told"])
    else:
        log.info("look %d at this test set", status["look"]["look"])
