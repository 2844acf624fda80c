rule fetch:
    output:
        "resources/data/{dataset}/{file}",
    log:
        "results/{dataset}/logs/fetch/{file}.log",
    benchmark:
        "results/{dataset}/benchmarks/fetch/{file}.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        entry=lambda wildcards: PLAN.fetched(
            wildcards.dataset, "resources/data/{dataset}/{file}".format(**wildcards)
        ),
        mirror=PLAN.run.mirror,
        code=code_of("fetch"),
    message:
        "Fetching {wildcards.file} of {wildcards.dataset}"
    script:
        "../scripts/fetch.py"


rule clean:
    input:
        input_files,
    output:
        sequences="results/{dataset}/clean/sequences.parquet",
        test_labels="results/{dataset}/clean/test_labels.parquet",
        rejected="results/{dataset}/clean/rejected.tsv",
        counts="results/{dataset}/clean/counts.json",
        proteins="results/{dataset}/clean/proteins.parquet",
        inputs="results/{dataset}/clean/inputs.json",
    log:
        "results/{dataset}/logs/clean.log",
    benchmark:
        "results/{dataset}/benchmarks/clean.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        files=lambda wildcards: [
            {
                key: file[key]
                for key in ("path", "role", "label", "kind", "name", "sha256")
            }
            for file in read_files(wildcards)
        ],
        reading=lambda wildcards: PLAN.reading(wildcards.dataset),
        code=code_of("clean"),
    message:
        "Cleaning {wildcards.dataset}: letters, lengths, duplicates, conflicts"
    script:
        "../scripts/clean.py"


rule group:
    input:
        "results/{dataset}/clean/sequences.parquet",
    output:
        groups="results/{dataset}/groups.parquet",
        crossing="results/{dataset}/crossing.parquet",
        facts="results/{dataset}/groups.json",
    log:
        "results/{dataset}/logs/group.log",
    benchmark:
        "results/{dataset}/benchmarks/group.tsv"
    conda:
        "../../envs/evenfold.yaml"
    threads: 8
    resources:
        mem_mb=growing(4000, 20),
        runtime=120,
    params:
        grouping=dataset_section("grouping"),
        code=code_of("group"),
    message:
        "Grouping {wildcards.dataset} by homology and source protein"
    script:
        "../scripts/group.py"


rule split:
    input:
        sequences=of_data("results/{dataset}/clean/sequences.parquet"),
        test_labels=of_data("results/{dataset}/clean/test_labels.parquet"),
        rejected=of_data("results/{dataset}/clean/rejected.tsv"),
        groups=of_data("results/{dataset}/groups.parquet"),
        crossing=of_data("results/{dataset}/crossing.parquet"),
    output:
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        rejected="results/{dataset}/rejected.tsv",
        test_labels="results/{dataset}/test/labels.parquet",
        facts="results/{dataset}/split.json",
    log:
        "results/{dataset}/logs/split.log",
    benchmark:
        "results/{dataset}/benchmarks/split.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        split=dataset_section("split"),
        seed=PLAN.run.seed,
        code=code_of("split"),
    message:
        "Splitting {wildcards.dataset}: test set and folds by groups"
    script:
        "../scripts/split.py"


rule audit:
    input:
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        counts=of_data("results/{dataset}/clean/counts.json"),
        facts="results/{dataset}/split.json",
    output:
        facts="results/{dataset}/audit.json",
        nearest="results/{dataset}/nearest.parquet",
    log:
        "results/{dataset}/logs/audit.log",
    benchmark:
        "results/{dataset}/benchmarks/audit.tsv"
    conda:
        "../../envs/evenfold.yaml"
    threads: 8
    resources:
        mem_mb=growing(4000, 20),
        runtime=120,
    params:
        grouping=dataset_section("grouping"),
        rules=dataset_section("audit"),
        ordered=lambda wildcards: bool(PLAN.dataset(wildcards.dataset).train.labelled),
        seed=PLAN.run.seed,
        code=code_of("audit"),
    message:
        "Auditing {wildcards.dataset}: leaks across the test set and the folds"
    script:
        "../scripts/audit.py"


rule source_proteins:
    input:
        sequences="results/{dataset}/sequences.parquet",
        split="results/{dataset}/split.parquet",
        proteins=of_data("results/{dataset}/clean/proteins.parquet"),
        selection="results/{dataset}/selection.json",
        oof=per_variant("results/{dataset}/{variant}/oof.parquet"),
    output:
        "results/{dataset}/source_proteins.json",
    log:
        "results/{dataset}/logs/source_proteins.log",
    benchmark:
        "results/{dataset}/benchmarks/source_proteins.tsv"
    conda:
        "../../envs/evenfold.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        variants=list(PLAN.variants),
        code=code_of("source_proteins"),
    message:
        "Asking what whole proteins of {wildcards.dataset} tell beside their windows"
    script:
        "../scripts/source_proteins.py"
