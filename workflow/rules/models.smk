rule train:
    input:
        matrix=variant_features("matrix"),
        columns=variant_features("columns"),
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        facts="results/{dataset}/split.json",
    output:
        weights="results/{dataset}/{variant}/weights.safetensors",
        history="results/{dataset}/{variant}/history.parquet",
        oof="results/{dataset}/{variant}/oof.parquet",
        twin="results/{dataset}/{variant}/twin.json",
    log:
        "results/{dataset}/logs/train/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train/{variant}.tsv"
    conda:
        "../../envs/evenfold.yaml"
    threads: claimed_threads
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=gpus,
    params:
        loss=lambda wildcards: PLAN.variants[wildcards.variant].loss.model_dump(),
        training=lambda wildcards: PLAN.read_settings(
            wildcards.dataset, wildcards.variant
        ),
        alike=lambda wildcards: {
            kind: PLAN.alike(wildcards.dataset, wildcards.variant, kind)
            for kind in KINDS
        },
        same_loss=PLAN.run.selection.same_loss,
        seed=PLAN.run.seed,
        training_threads=PLAN.run.threads,
        device=lambda wildcards: PLAN.device(wildcards.dataset, wildcards.variant),
        engine=lambda wildcards: PLAN.engine(wildcards.dataset, wildcards.variant),
        code=lambda wildcards: code_of(
            "train",
            PLAN.own_modules(wildcards.dataset, wildcards.variant, "network", "loss"),
        ),
    message:
        "Training {wildcards.variant} on {wildcards.dataset}, all folds in one job"
    script:
        "../scripts/train.py"
