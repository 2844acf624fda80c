rule score_shard:
    input:
        fasta=local(PLAN.run.predict) if PLAN.run.predict else [],
        selection="results/{dataset}/selection.json",
        # Says which sequences are of the test set.
        sequences="results/{dataset}/sequences.parquet",
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
    output:
        scores=temp("results/{dataset}/predictions/{stem}.shards/{shard}.tsv"),
        rejected=temp(
            "results/{dataset}/predictions/{stem}.shards/{shard}.rejected.tsv"
        ),
        proteins=temp(
            "results/{dataset}/predictions/{stem}.shards/{shard}.proteins.tsv"
        ),
        names=temp("results/{dataset}/predictions/{stem}.shards/{shard}.names.parquet"),
        counts=temp("results/{dataset}/predictions/{stem}.shards/{shard}.json"),
    log:
        "results/{dataset}/logs/predict/{stem}/{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/predict/{stem}/{shard}.tsv"
    wildcard_constraints:
        stem="[^/]+",
        shard="[0-9]+-of-[0-9]+",
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        folder=lambda wildcards: f"{ROOT}/{wildcards.dataset}",
        wanted=PLAN.run.prediction.model_dump(exclude={"shard_mb"}),
        code=lambda wildcards: code_of(
            "score_shard", PLAN.own_of_all(wildcards.dataset, "network", "feature set")
        ),
    message:
        "Scoring shard {wildcards.shard} of {input.fasta} for {wildcards.dataset}"
    script:
        "../scripts/score_shard.py"


rule score_fasta:
    input:
        fasta=local(PLAN.run.predict) if PLAN.run.predict else [],
        selection="results/{dataset}/selection.json",
        # Says which sequences are of the test set.
        sequences="results/{dataset}/sequences.parquet",
        weights=per_variant("results/{dataset}/{variant}/weights.safetensors"),
        # None of what is scored in one piece, by this job itself.
        scores=of_shards("results/{dataset}/predictions/{stem}.shards/{shard}.tsv"),
        rejected=of_shards(
            "results/{dataset}/predictions/{stem}.shards/{shard}.rejected.tsv"
        ),
        proteins=of_shards(
            "results/{dataset}/predictions/{stem}.shards/{shard}.proteins.tsv"
        ),
        names=of_shards(
            "results/{dataset}/predictions/{stem}.shards/{shard}.names.parquet"
        ),
        counts=of_shards("results/{dataset}/predictions/{stem}.shards/{shard}.json"),
    output:
        **if_sites(proteins="results/{dataset}/predictions/{stem}.proteins.tsv"),
        scores="results/{dataset}/predictions/{stem}.tsv",
        rejected="results/{dataset}/predictions/{stem}.rejected.tsv",
    log:
        "results/{dataset}/logs/predict/{stem}.log",
    benchmark:
        "results/{dataset}/benchmarks/predict/{stem}.tsv"
    wildcard_constraints:
        stem="[^/]+(?<![.]rejected)(?<![.]proteins)",
    conda:
        "../../envs/evenfold.yaml"
    resources:
        # Ids of shards are compared with one another.
        mem_mb=growing(2000, 0.1),
        runtime=60,
    params:
        folder=lambda wildcards: f"{ROOT}/{wildcards.dataset}",
        ledger=PLAN.run.ledger,
        wanted=PLAN.run.prediction.model_dump(exclude={"shard_mb"}),
        code=lambda wildcards: code_of(
            "score_fasta", PLAN.own_of_all(wildcards.dataset, "network", "feature set")
        ),
    message:
        "Scoring {input.fasta} with the champion of {wildcards.dataset}"
    script:
        "../scripts/score_fasta.py"
