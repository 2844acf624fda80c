from evenfold.evaluation.looking import evaluate_files
from evenfold.job import job
from evenfold.machine import available_cpus


def recorded(test_set):
    # Imported here: mlflow is slow to load, and only a look needs it.
    from evenfold.tracking.uploading import recorded_looks

    return recorded_looks(snakemake.params.tracking, "results/mlflow", test_set)


with job(snakemake.log[0]) as log:
    status = evaluate_files(
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        snakemake.params.variants,
        snakemake.params.ledger,
        snakemake.params.policy,
        snakemake.params.held_out,
        snakemake.params.allow_look,
        recorded,
        min(snakemake.threads, available_cpus()),
    )
    if status["elsewhere"] is None:
        log.warning(
            "the MLflow store does not answer: looks it knows of are not counted"
        )
    if status["status"] == "withheld":
        log.warning("%s", status["told"])
    else:
        log.info("look %d at this test set", status["look"]["look"])
