rule featurize:
    input:
        sequences="results/{dataset}/sequences.parquet",
        facts="results/{dataset}/split.json",
        vectors=own_vectors,
        proteins=of_data("results/{dataset}/clean/proteins.parquet"),
    output:
        matrix="results/{dataset}/features/{features}.npy",
        columns="results/{dataset}/features/{features}.json",
    log:
        "results/{dataset}/logs/featurize/{features}.log",
    benchmark:
        "results/{dataset}/benchmarks/featurize/{features}.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=lambda wildcards: 16000 if language_model(wildcards) else 2000,
        runtime=lambda wildcards: 480 if language_model(wildcards) else 60,
        gpu=lambda wildcards: int(language_model(wildcards) and has_nvidia_gpu()),
    params:
        features=lambda wildcards: PLAN.featured(wildcards.dataset, wildcards.features),
        code=lambda wildcards: code_of(
            "featurize", PLAN.own_features(wildcards.dataset, wildcards.features)
        ),
    message:
        "Featurizing {wildcards.dataset}: {wildcards.features}"
    script:
        "../scripts/featurize.py"
