rule report:
    input:
        selection="results/{dataset}/selection.json",
        audit="results/{dataset}/audit.json",
        split="results/{dataset}/split.json",
        groups="results/{dataset}/groups.json",
        thresholds=per_variant("results/{dataset}/{variant}/threshold.json"),
        history=per_variant("results/{dataset}/{variant}/history.parquet"),
        oof=per_variant("results/{dataset}/{variant}/oof.parquet"),
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        nearest="results/{dataset}/nearest.parquet",
        contributions="results/{dataset}/contributions.json",
        source_proteins=of_sources("results/{dataset}/source_proteins.json"),
        published_selection=of_published("results/{dataset}/selection.json"),
        published_audit=of_published("results/{dataset}/audit.json"),
        published_split=of_published("results/{dataset}/split.json"),
        learning_curve=if_curve("results/{dataset}/learning_curve.json"),
        metrics="results/{dataset}/test/metrics.tsv",
        status="results/{dataset}/test/evaluation.json",
        predictions="results/{dataset}/test/predictions.parquet",
    output:
        page=report(
            "results/{dataset}/report.html",
            caption="../report/report.rst",
            category="Results",
            labels={"data set": "{dataset}", "what": "report"},
        ),
        # Beside the page, which holds them anyway.
        figures=report(
            directory("results/{dataset}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{dataset}",
            labels={"figure": "{figure}"},
        ),
    log:
        "results/{dataset}/logs/report.log",
    benchmark:
        "results/{dataset}/benchmarks/report.tsv"
    localrule: True
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
        # No input: times are told as far as they are there. Nothing is fetched or
        # trained again for a benchmark file that is not.
        benchmarks=f"{ROOT}/{{dataset}}/benchmarks",
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
        oof=per_variant("results/{dataset}/{variant}/oof.parquet"),
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        nearest="results/{dataset}/nearest.parquet",
        contributions="results/{dataset}/contributions.json",
        source_proteins=of_sources("results/{dataset}/source_proteins.json"),
        published_selection=of_published("results/{dataset}/selection.json"),
        published_audit=of_published("results/{dataset}/audit.json"),
        published_split=of_published("results/{dataset}/split.json"),
        learning_curve=if_curve("results/{dataset}/learning_curve.json"),
    output:
        page="results/{dataset}/exploration.html",
        figures=directory("results/{dataset}/exploration_figures"),
    log:
        "results/{dataset}/logs/explore_report.log",
    benchmark:
        "results/{dataset}/benchmarks/explore_report.tsv"
    params:
        variants=list(PLAN.variants),
        description=lambda wildcards: PLAN.dataset(wildcards.dataset).description,
        published=lambda wildcards: PLAN.dataset(wildcards.dataset).published,
        decides=lambda wildcards: PLAN.decides(wildcards.dataset),
        benchmarks=f"{ROOT}/{{dataset}}/benchmarks",
        code=code_of("report"),
    message:
        "Writing the cross-validation report of {wildcards.dataset}; no look taken"


rule summary:
    input:
        metrics=expand("results/{dataset}/test/metrics.tsv", dataset=PLAN.datasets),
        selections=expand("results/{dataset}/selection.json", dataset=PLAN.datasets),
    output:
        html=report(
            "results/summary.html",
            caption="../report/summary.rst",
            category="Results",
            labels={"data set": "all", "what": "summary"},
        ),
        table=report(
            "results/summary.tsv",
            caption="../report/metrics.rst",
            category="Tables",
            labels={"data set": "all", "what": "metrics"},
        ),
    log:
        "results/logs/summary.log",
    benchmark:
        "results/benchmarks/summary.tsv"
    localrule: True
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        datasets=list(PLAN.datasets),
        figures=f"{ROOT}/summary_figures",
        code=code_of("summary"),
    message:
        "Summarising {params.datasets}"
    script:
        "../scripts/summary.py"


rule evidence:
    input:
        selection="results/{dataset}/selection.json",
        metrics="results/{dataset}/test/metrics.tsv",
        status="results/{dataset}/test/evaluation.json",
        audit="results/{dataset}/audit.json",
        split="results/{dataset}/split.json",
        groups="results/{dataset}/groups.json",
        # Their digests are in the crate.
        report="results/{dataset}/report.html",
        predictions="results/{dataset}/test/predictions.parquet",
        sequences="results/{dataset}/sequences.parquet",
        members="results/{dataset}/split.parquet",
    output:
        dome="results/{dataset}/dome.json",
        card="results/{dataset}/model_card.md",
        crate="results/{dataset}/ro-crate-metadata.json",
        # A run crate holds the workflow that it is of.
        workflow="results/{dataset}/evenfold.smk",
    log:
        "results/{dataset}/logs/evidence.log",
    benchmark:
        "results/{dataset}/benchmarks/evidence.tsv"
    localrule: True
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        given=lambda wildcards: {
            "description": PLAN.dataset(wildcards.dataset).description,
            **PLAN.dataset(wildcards.dataset).about.model_dump(),
        },
        code=code_of("evidence"),
    message:
        "Writing the model card, dome.json and the run crate of {wildcards.dataset}"
    script:
        "../scripts/evidence.py"
