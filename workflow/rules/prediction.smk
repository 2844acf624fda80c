rule score_fasta:
    input:
        fasta=local(PLAN.run.predict) if PLAN.run.predict else [],
        selection="results/{dataset}/selection.json",
        # Says which sequences are of the test set.
        sequences="results/{dataset}/sequences.parquet",
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
    output:
        scores="results/{dataset}/predictions/{stem}.tsv",
        rejected="results/{dataset}/predictions/{stem}.rejected.tsv",
    log:
        "results/{dataset}/logs/predict/{stem}.log",
    benchmark:
        "results/{dataset}/benchmarks/predict/{stem}.tsv"
    wildcard_constraints:
        stem="[^/]+(?<![.]rejected)",
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        folder=lambda wildcards: f"{ROOT}/{wildcards.dataset}",
        ledger=PLAN.run.ledger,
        wanted=PLAN.run.prediction.model_dump(),
        code=lambda wildcards: code_of(
            "score_fasta", PLAN.own_of_all(wildcards.dataset, "network", "feature set")
        ),
    message:
        "Scoring {input.fasta} with the champion of {wildcards.dataset}"
    script:
        "../scripts/score_fasta.py"
