from evenfold.evaluation.looking import LookInputs, LookOutputs, Terms, evaluate_files
from evenfold.job import job
from evenfold.machine import available_cpus
from evenfold.records.evaluation import Correction, Permission, setting

with job(snakemake.log[0], snakemake.input) as log:
    files, params = snakemake.input, snakemake.params
    inputs = LookInputs(
        files.selection,
        files.sequences,
        files.split,
        files.labels,
        files.remembered,
        dict(zip(params.variants, files.weights)),
        next(iter(files.published_selection), None),
        dict(zip(params.variants, files.published_weights)),
        files.audit,
        files.given,
        files.crossing,
    )
    terms = Terms(
        params.policy,
        tuple(Permission(**look) for look in params.allow_look),
        tuple(Correction(**labels) for labels in params.amend_labels),
    )
    evaluation = evaluate_files(
        inputs,
        LookOutputs(**dict(snakemake.output.items())),
        terms,
        params.ledger,
        params.held_out,
        min(snakemake.threads, available_cpus()),
    )
    if evaluation.elsewhere is None:
        log.warning(
            "the MLflow store does not answer: looks it knows of are not counted"
        )
    if evaluation.look is None:
        log.warning("%s", evaluation.told)
    else:
        log.info("look %d at this test set", evaluation.look.look)
    if since := evaluation.since_look:
        log.warning("%s", since.told)
        if since.to_look_again:
            log.warning(
                "to look at these once more:\n%s",
                setting("allow_look", since.to_look_again),
            )
    if changed := evaluation.changed_labels:
        log.warning(
            "%s To have it scored again under these labels:\n%s",
            changed.told,
            setting("amend_labels", changed.to_amend),
        )
