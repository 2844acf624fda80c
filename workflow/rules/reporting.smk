localrules:
    init_tracking,
    track,
    report,
    explore_report,
    summary,


rule report:
    input:
        selection="results/{dataset}/selection.json",
        audit="results/{dataset}/audit.json",
        split="results/{dataset}/split.json",
        groups="results/{dataset}/groups.json",
        thresholds=per_variant("results/{dataset}/{variant}/threshold.json"),
        history=per_variant("results/{dataset}/{variant}/history.parquet"),
        published_selection=of_published("results/{dataset}/selection.json"),
        published_audit=of_published("results/{dataset}/audit.json"),
        published_split=of_published("results/{dataset}/split.json"),
        metrics="results/{dataset}/test/metrics.tsv",
        status="results/{dataset}/test/evaluation.json",
    output:
        report(
            "results/{dataset}/report.html",
            caption="../report/report.rst",
            category="Results",
            labels={"data set": "{dataset}"},
        ),
    log:
        "results/{dataset}/logs/report.log",
    benchmark:
        "results/{dataset}/benchmarks/report.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        variants=list(PLAN.variants),
        description=lambda wildcards: PLAN.dataset(wildcards.dataset).description,
        published=lambda wildcards: PLAN.dataset(wildcards.dataset).published,
        decides=lambda wildcards: PLAN.decides(wildcards.dataset),
        code=code_of("report"),
    message:
        "Writing the report of {wildcards.dataset}"
    script:
        "../scripts/report.py"


use rule report as explore_report with:
    input:
        selection="results/{dataset}/selection.json",
        audit="results/{dataset}/audit.json",
        split="results/{dataset}/split.json",
        groups="results/{dataset}/groups.json",
        thresholds=per_variant("results/{dataset}/{variant}/threshold.json"),
        history=per_variant("results/{dataset}/{variant}/history.parquet"),
        published_selection=of_published("results/{dataset}/selection.json"),
        published_audit=of_published("results/{dataset}/audit.json"),
        published_split=of_published("results/{dataset}/split.json"),
    output:
        "results/{dataset}/exploration.html",
    log:
        "results/{dataset}/logs/explore_report.log",
    benchmark:
        "results/{dataset}/benchmarks/explore_report.tsv"
    message:
        "Writing the cross-validation report of {wildcards.dataset}; no look taken"


rule summary:
    input:
        expand("results/{dataset}/test/metrics.tsv", dataset=PLAN.datasets),
        expand("results/{dataset}/selection.json", dataset=PLAN.datasets),
    output:
        html="results/summary.html",
        table="results/summary.tsv",
    log:
        "results/logs/summary.log",
    benchmark:
        "results/benchmarks/summary.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        datasets=list(PLAN.datasets),
        code=code_of("summary"),
    message:
        "Summarising {params.datasets}"
    script:
        "../scripts/summary.py"


rule init_tracking:
    output:
        "results/mlflow/tracking.json",
    log:
        "results/logs/init_tracking.log",
    benchmark:
        "results/benchmarks/init_tracking.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        tracking=PLAN.run.tracking.model_dump(),
        code=code_of("init_tracking"),
    message:
        "Preparing the MLflow store"
    script:
        "../scripts/init_tracking.py"


rule track:
    input:
        tracking="results/mlflow/tracking.json",
        sequences="results/{dataset}/sequences.parquet",
        selection="results/{dataset}/selection.json",
        thresholds=per_variant("results/{dataset}/{variant}/threshold.json"),
        history=per_variant("results/{dataset}/{variant}/history.parquet"),
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        metrics="results/{dataset}/test/metrics.tsv",
        status="results/{dataset}/test/evaluation.json",
        report="results/{dataset}/report.html",
    output:
        "results/{dataset}/mlflow.json",
    log:
        "results/{dataset}/logs/track.log",
    benchmark:
        "results/{dataset}/benchmarks/track.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        variants=list(PLAN.variants),
        decides=lambda wildcards: PLAN.decides(wildcards.dataset),
        code=code_of("track"),
    message:
        "Logging {wildcards.dataset} to MLflow"
    script:
        "../scripts/track.py"
