rule init_tracking:
    output:
        tracking="results/{dataset}/tracking.json",
        # Asked anew whenever the test set is to be looked at: the ledger may be gone.
        # Of each data set its own: the look of one must not have all others taken again.
        looks=temp("results/{dataset}/looks.json"),
    log:
        "results/{dataset}/logs/init_tracking.log",
    benchmark:
        "results/{dataset}/benchmarks/init_tracking.tsv"
    localrule: True
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        tracking=PLAN.run.tracking.model_dump(),
        folder=f"{ROOT}/mlflow",
        code=code_of("init_tracking"),
    message:
        "Asking MLflow for looks at the test set of {wildcards.dataset}"
    script:
        "../scripts/init_tracking.py"


rule track:
    input:
        # Where the store is does not change by asking it again.
        tracking=ancient("results/{dataset}/tracking.json"),
        sequences="results/{dataset}/sequences.parquet",
        selection="results/{dataset}/selection.json",
        thresholds=per_variant("results/{dataset}/{variant}/threshold.json"),
        history=per_variant("results/{dataset}/{variant}/history.parquet"),
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        metrics="results/{dataset}/test/metrics.tsv",
        status="results/{dataset}/test/evaluation.json",
        report="results/{dataset}/report.html",
        # Their digests are kept, as those of what is uploaded.
        audit="results/{dataset}/audit.json",
        predictions="results/{dataset}/test/predictions.parquet",
    output:
        "results/{dataset}/mlflow.json",
    log:
        "results/{dataset}/logs/track.log",
    benchmark:
        "results/{dataset}/benchmarks/track.tsv"
    localrule: True
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        variants=list(PLAN.variants),
        code=code_of("track"),
    message:
        "Logging {wildcards.dataset} to MLflow"
    script:
        "../scripts/track.py"


# Asked for where a run waits for its store, which did not answer when it was recorded.
rule upload:
    input:
        tracked="results/{dataset}/mlflow.json",
    output:
        # Of an attempt in vain it is removed when the next run begins.
        "results/{dataset}/uploaded.txt",
    log:
        "results/{dataset}/logs/upload.log",
    benchmark:
        "results/{dataset}/benchmarks/upload.tsv"
    localrule: True
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_of("upload"),
    message:
        "Uploading what waits for MLflow of {wildcards.dataset}"
    script:
        "../scripts/upload.py"
