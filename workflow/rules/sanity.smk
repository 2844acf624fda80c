rule sanity_controls:
    input:
        columns=variant_features("columns"),
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        facts="results/{dataset}/split.json",
        oof=of_baseline("results/{dataset}/{variant}/oof.parquet"),
    output:
        "results/{dataset}/sanity/controls.parquet",
    log:
        "results/{dataset}/logs/sanity_controls.log",
    benchmark:
        "results/{dataset}/benchmarks/sanity_controls.tsv"
    conda:
        "../../envs/evenfold.yaml"
    threads: claimed_threads
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=gpus,
    params:
        training=lambda wildcards: PLAN.read_settings(
            wildcards.dataset, baseline(wildcards)
        ),
        seed=PLAN.run.seed,
        training_threads=PLAN.run.threads,
        device=PLAN.run.device,
        code=lambda wildcards: code_of(
            "sanity_controls",
            PLAN.own_modules(
                wildcards.dataset, baseline(wildcards), "network", "feature set"
            ),
        ),
    message:
        "Training {wildcards.dataset} on permuted labels, shuffled residues, composition"
    script:
        "../scripts/sanity_controls.py"


rule sanity_verdict:
    input:
        "results/{dataset}/sanity/controls.parquet",
    output:
        table="results/{dataset}/sanity/controls.tsv",
        verdict="results/{dataset}/sanity/verdict.txt",
    log:
        "results/{dataset}/logs/sanity_verdict.log",
    benchmark:
        "results/{dataset}/benchmarks/sanity_verdict.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        code=code_of("sanity"),
    message:
        "Judging the controls of {wildcards.dataset}"
    script:
        "../scripts/sanity.py"


rule learning_curve:
    input:
        selection="results/{dataset}/selection.json",
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        # Of all variants: which is the champion is known when this runs.
        matrix=every_variant_features("matrix"),
        columns=every_variant_features("columns"),
        oof=per_variant("results/{dataset}/{variant}/oof.parquet"),
    output:
        "results/{dataset}/learning_curve.json",
    log:
        "results/{dataset}/logs/learning_curve.log",
    benchmark:
        "results/{dataset}/benchmarks/learning_curve.tsv"
    conda:
        "../../envs/evenfold.yaml"
    threads: claimed_threads
    resources:
        mem_mb=4000,
        runtime=480,
        gpu=gpus,
    params:
        variants=list(PLAN.variants),
        seed=PLAN.run.seed,
        training_threads=PLAN.run.threads,
        device=PLAN.run.device,
        engine=PLAN.run.engine.model_dump(),
        code=lambda wildcards: code_of(
            "learning_curve",
            PLAN.own_of_all(wildcards.dataset, "network", "loss"),
        ),
    message:
        "Training the champion of {wildcards.dataset} on parts of the training groups"
    script:
        "../scripts/learning_curve.py"
