# One job for all variants: each takes a second or two, and starting a job as long.
rule tune:
    input:
        oof=per_variant("results/{dataset}/{variant}/oof.parquet"),
        twins=per_variant("results/{dataset}/{variant}/twin.json"),
    output:
        expand(
            "results/{dataset}/{variant}/threshold.json",
            variant=PLAN.variants,
            allow_missing=True,
        ),
    log:
        "results/{dataset}/logs/tune.log",
    benchmark:
        "results/{dataset}/benchmarks/tune.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        variants=list(PLAN.variants),
        selection=PLAN.run.selection.model_dump(
            exclude={"same_loss", "one_standard_error"}
        ),
        seed=PLAN.run.seed,
        code=lambda wildcards: code_of(
            "tune", PLAN.own_of_all(wildcards.dataset, "criterion")
        ),
    message:
        "Tuning the thresholds on {wildcards.dataset}"
    script:
        "../scripts/tune.py"


rule select:
    input:
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        facts="results/{dataset}/split.json",
        thresholds=per_variant("results/{dataset}/{variant}/threshold.json"),
        oof=per_variant("results/{dataset}/{variant}/oof.parquet"),
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        inputs=of_data("results/{dataset}/clean/inputs.json"),
        vectors=files_of_vectors,
    output:
        "results/{dataset}/selection.json",
    log:
        "results/{dataset}/logs/select.log",
    benchmark:
        "results/{dataset}/benchmarks/select.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        # The index of the training sequences takes about 150 bytes a letter.
        mem_mb=growing(1000, 150, of="sequences"),
        runtime=30,
    params:
        variants=list(PLAN.variants),
        decides=lambda wildcards: PLAN.decides(wildcards.dataset),
        own=lambda wildcards: {
            path: SOURCES.own_digest(path)
            for path in PLAN.own_of_all(wildcards.dataset)
        },
        vectors=lambda wildcards: PLAN.files_of_vectors(wildcards.dataset),
        code=lambda wildcards: code_of(
            "select", PLAN.own_of_all(wildcards.dataset, "criterion")
        ),
    message:
        "Selecting the champion of {wildcards.dataset} by cross-validation and freezing it"
    script:
        "../scripts/select.py"


# Not in `select`, which needs no torch, nor in `evaluate`: a look waits for nothing else.
rule explain:
    input:
        selection="results/{dataset}/selection.json",
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        facts="results/{dataset}/split.json",
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
    output:
        "results/{dataset}/contributions.json",
    log:
        "results/{dataset}/logs/explain.log",
    benchmark:
        "results/{dataset}/benchmarks/explain.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        variants=list(PLAN.variants),
        code=lambda wildcards: code_of(
            "explain", PLAN.own_of_all(wildcards.dataset, "network", "feature set")
        ),
    message:
        "Asking the champion of {wildcards.dataset} what it looks at"
    script:
        "../scripts/explain.py"
