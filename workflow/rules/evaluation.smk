rule evaluate:
    input:
        selection="results/{dataset}/selection.json",
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        labels="results/{dataset}/test/labels.parquet",
        # An audit that stops the run stops it before the look.
        audit="results/{dataset}/audit.json",
        # The training data as given: read inside the look, beside the test labels.
        given="results/{dataset}/clean/sequences.parquet",
        crossing="results/{dataset}/crossing.parquet",
        # Written by init_tracking: looks that MLflow remembers.
        remembered="results/{dataset}/looks.json",
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        published_selection=of_published("results/{dataset}/selection.json"),
        published_weights=of_published(
            "results/{dataset}/{variant}/weights.safetensors"
        ),
    output:
        predictions="results/{dataset}/test/predictions.parquet",
        metrics=report(
            "results/{dataset}/test/metrics.tsv",
            caption="../report/metrics.rst",
            category="Tables",
            labels={"data set": "{dataset}", "what": "metrics"},
        ),
        evaluation="results/{dataset}/test/evaluation.json",
    log:
        "results/{dataset}/logs/evaluate.log",
    benchmark:
        "results/{dataset}/benchmarks/evaluate.tsv"
    conda:
        "../../envs/evenfold.yaml"
    threads: claimed_threads
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        variants=list(PLAN.variants),
        ledger=PLAN.run.ledger,
        policy=lambda wildcards: PLAN.dataset(wildcards.dataset).test_policy,
        held_out=lambda wildcards: PLAN.dataset(wildcards.dataset).test is None,
        allow_look=[look.model_dump() for look in PLAN.run.allow_look],
        amend_labels=[labels.model_dump() for labels in PLAN.run.amend_labels],
        code=lambda wildcards: code_of(
            "evaluate", PLAN.own_of_all(wildcards.dataset, "network", "feature set")
        ),
    message:
        "Asking the ledger for a look at the test set of {wildcards.dataset}; evaluating if it is free"
    script:
        "../scripts/evaluate.py"
