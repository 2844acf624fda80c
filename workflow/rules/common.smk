import math
import os
import re
import sys
from os.path import getsize
from pathlib import Path

# The package lies beside the rules, so that jobs find it on every node and under
# every software deployment, installed or not. Not `workflow.basedir`, which is the
# importer's where these rules are a module.
WORKFLOW = str(Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent)
sys.path.insert(0, WORKFLOW)

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger

import evenfold

if Path(evenfold.__file__).resolve().parent != Path(WORKFLOW, "evenfold").resolve():
    raise WorkflowError(
        f"another evenfold ({evenfold.__file__}) was imported before these rules, which "
        f"belong to {WORKFLOW}/evenfold. Put `module evenfold` before that import."
    )

from evenfold import calling
from evenfold.clock import Before
from evenfold.config.kinds import KINDS
from evenfold.config.plan import Plan
from evenfold.config.yaml_files import check_keys_once
from evenfold.errors import EvenfoldError
from evenfold.locks import explain_at_exit
from evenfold.machine import available_cpus, has_nvidia_gpu, prepare_jobs
from evenfold.records.layout import Results, pattern, prediction_stem
from evenfold.sequences.cutting import shards_of
from evenfold.sources import Sources
from evenfold.terminal import Terminal, install, logs_of, told_in

TERMINAL = Terminal(elsewhere=workflow.non_local_exec)
if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    # As a module, these rules leave the terminal to the workflow that they are part of.
    install(TERMINAL, snakemake_logger)

prepare_jobs(WORKFLOW)

try:
    # Snakemake has read these, and of a key that stands twice the last. Those of a
    # Snakefile that imports this one are its own.
    own = workflow.modifier.is_main_snakefile()
    for file in workflow.configfiles if own else []:
        check_keys_once(file)
    PLAN = Plan(config)
except EvenfoldError as error:
    raise WorkflowError(str(error)) from None


def placed(path):
    """Where a file of these rules is: below the prefix of a module that has one."""
    return workflow.modifier.path_modifier.replace_prefix(path)


# Now: who calls these functions has another modifier.
ROOT = placed("results")
FETCHED = placed("resources/data")


def results_of(dataset):
    return Results(Path(ROOT), dataset)


# Data sets with runs that wait for their MLflow store, and are tried again.
WAITING = [name for name in PLAN.datasets if results_of(name).waiting]


def scoring_logs(name):
    """Logs of the scoring that the target `predict` asks of a data set."""
    if not PLAN.run.predict:
        return []
    stem = prediction_stem(PLAN.run.predict)
    return [results_of(name).folder / "logs" / "predict" / f"{stem}.log"]


def pages_of(name):
    """The pages that end a run."""
    return [results_of(name).path(page) for page in ("report", "exploration")]


if workflow.is_main_process:
    # The pages and logs that this run writes are told from those that it finds.
    BEFORE = Before(
        path
        for name in PLAN.datasets
        for path in [*pages_of(name), *logs_of(results_of(name).folder)]
    )
    for name, fault in PLAN.left_out.items():
        print(f"\nError: {fault}\nThe data set {name} is left out.\n", file=sys.stderr)
    for name in WAITING:
        # Of an attempt in vain: Snakemake keeps even temporary files that a target names.
        results_of(name).path("uploaded").unlink(missing_ok=True)
    # Jobs read this file too, and take no lock.
    explain_at_exit(
        lambda: bool(workflow.persistence) and workflow.persistence.locked,
        ".snakemake",
    )


SOURCES = Sources(memory=".snakemake/evenfold-sources.json")


wildcard_constraints:
    dataset="|".join([*PLAN.published, *PLAN.datasets]),
    variant="|".join(map(re.escape, PLAN.variants)),
    features="[a-z0-9-]+",


def code_of(script, named=()):
    """Digest of all that a rule's script imports, and of a user's modules if named.

    What the rules themselves import, the plan above all, is not in it: its values reach
    the jobs as parameters.
    """
    return SOURCES.script_digest(f"{WORKFLOW}/scripts/{script}.py", named)


def per_variant(pattern):
    """Input function: a file of every variant of the data set."""
    return lambda wildcards: expand(
        pattern, dataset=wildcards.dataset, variant=PLAN.variants
    )


def of_data(pattern):
    """Input function: a file of the data set, which its published split shares."""
    return lambda wildcards: pattern.format(dataset=PLAN.shared(wildcards.dataset))


def of_published(pattern):
    """Input function: files of a data set's published split, if it has one."""

    return lambda wildcards: expand(
        pattern,
        dataset=PLAN.published_of(wildcards.dataset),
        variant=PLAN.variants,
    )


def of_sources(pattern):
    """Input function: a file of the data set, if its source proteins are known."""
    return lambda wildcards: (
        [pattern.format(dataset=wildcards.dataset)]
        if PLAN.names_sources(wildcards.dataset)
        else []
    )


def read_files(wildcards):
    """Files of the data set as they are read, with where they are."""
    return [
        (
            {**file, "path": file["path"].replace("resources/data", FETCHED, 1)}
            if file["url"]
            else file
        )
        for file in PLAN.files(wildcards.dataset)
    ]


def input_files(wildcards):
    """Input function: those that were fetched, and a user's own where they lie."""
    return [
        file["path"] if file["url"] else local(file["path"])
        for file in PLAN.files(wildcards.dataset)
    ]


def dataset_section(section):
    """Parameter function: one section of the data set's resolved configuration."""
    return lambda wildcards: getattr(
        PLAN.dataset(wildcards.dataset), section
    ).model_dump()


def variant_features(name):
    """Input function: a feature file of the layout that a variant reads.

    The baseline's where a rule is of no variant.
    """

    def path(wildcards):
        variant = getattr(wildcards, "variant", None) or baseline(wildcards)
        features = PLAN.features(wildcards.dataset, variant)
        return pattern(name).format(dataset=wildcards.dataset, features=features)

    return path


def every_variant_features(name):
    """Input function: a feature file of the layout, once for every variant."""
    return lambda wildcards: [
        pattern(name).format(
            dataset=wildcards.dataset,
            features=PLAN.features(wildcards.dataset, variant),
        )
        for variant in PLAN.variants
    ]


def if_curve(pattern):
    """Input function: a file of the data set, if a learning curve is asked for."""
    return lambda wildcards: (
        [pattern.format(dataset=wildcards.dataset)] if PLAN.run.learning_curve else []
    )


def of_baseline(pattern):
    """Input function: a file of the baseline."""
    return lambda wildcards: pattern.format(
        dataset=wildcards.dataset, variant=baseline(wildcards)
    )


def vectors_of(wildcards, key):
    """The `file` or the `model` that the vectors of a feature set come from, or []."""
    vectors = PLAN.featured(wildcards.dataset, wildcards.features)["vectors"] or {}
    return vectors.get(key) or []


def files_of_vectors(wildcards):
    """Input function: the files of vectors that any variant reads, each once."""
    return [
        local(path)
        for path in sorted(set(PLAN.files_of_vectors(wildcards.dataset).values()))
    ]


def own_vectors(wildcards):
    """Input function: the file that the vectors of a feature set come from, if any."""
    file = vectors_of(wildcards, "file")
    return local(file) if file else []


def language_model(wildcards):
    return bool(vectors_of(wildcards, "model"))


def gpus(wildcards):
    """One GPU when the device is one; on a cluster profiles/slurm asks instead.

    The classical models are fitted on the CPU.
    """
    variant = getattr(wildcards, "variant", None) or baseline(wildcards)
    if PLAN.fitted(wildcards.dataset, variant):
        return 0
    device = PLAN.run.device
    return int(device == "cuda" or device == "auto" and has_nvidia_gpu())


def claimed_threads(wildcards):
    """Cores that a training job claims, so that jobs never outnumber the real CPUs.

    `--cores 8` on two CPUs would start four trainings of two threads each, which then
    train many times slower than one after the other. On a cluster the CPUs are the
    node's, and no total of cores needs to be given: a job asks for what it uses.
    """
    # Not `workflow.cores`, which raises where there is no total (`--jobs` alone).
    cores = workflow.resource_settings.cores
    if cores is None or workflow.non_local_exec:
        return PLAN.run.threads
    cpus = available_cpus()
    share = max(1.0, cores / cpus)
    return math.ceil(min(PLAN.run.threads, cpus) * share)


def growing(least, each, of=None):
    """Resource function: memory in MB, so many for each MB of the job's input, or of one."""

    def megabytes(wildcards, input):
        # Not of weights and scores, where those of many variants are read one by one.
        size = getsize(input[of]) / 1e6 if of else input.size_mb
        return int(least + each * size)

    return megabytes


def final_files():
    files = expand(
        [
            "results/{dataset}/report.html",
            "results/{dataset}/mlflow.json",
            "results/{dataset}/dome.json",
        ],
        dataset=PLAN.datasets,
    )
    # Runs that wait for their MLflow store are tried again.
    files += expand(pattern("uploaded"), dataset=WAITING)
    if len(PLAN.datasets) > 1:
        files += ["results/summary.html", "results/summary.tsv"]
    return files


# Into how many shards the file that is scored is cut, by its size alone.
SHARDS, UNCUT = 1, None
if PLAN.run.predict:
    SHARDS, UNCUT = shards_of(PLAN.run.predict, PLAN.run.prediction.shard_mb)
    if SHARDS > 1 and (vectored := PLAN.reads_whole_proteins()):
        SHARDS, UNCUT = 1, f"{vectored} reads the embeddings of whole proteins"
    if UNCUT and workflow.is_main_process:
        print(f"\nNote: {UNCUT}: it is scored by one job.\n", file=sys.stderr)


def of_shards(pattern):
    """Input function: a file of every shard of what is scored, if it is cut."""
    names = [f"{n:04d}-of-{SHARDS:04d}" for n in range(1, SHARDS + 1)]
    return lambda wildcards: [
        pattern.format(dataset=wildcards.dataset, stem=wildcards.stem, shard=shard)
        for shard in (names if SHARDS > 1 else [])
    ]


def if_sites(**files):
    """Outputs of a rule, if any data set has `sites`."""
    return files if any(PLAN.dataset(name).sites for name in PLAN.datasets) else {}


def prediction_files():
    """Where the target `predict` puts its scores."""
    if not PLAN.run.predict:
        # Missing on purpose: Snakemake then names it as what the target lacks.
        return [
            "a FASTA to score, as in: snakemake --config predict=new.fasta -- predict"
        ]
    return expand(
        "results/{dataset}/predictions/{stem}.tsv",
        dataset=PLAN.datasets,
        stem=prediction_stem(PLAN.run.predict),
    )


def baseline(wildcards):
    """What losses are compared with; see `Plan.baseline`."""
    return PLAN.baseline(wildcards.dataset)


def how_it_was_called():
    """The command of this run, without its targets."""
    settings = workflow.config_settings
    return calling.call(
        workflow.resource_settings.cores,
        workflow.main_snakefile,
        settings.configfiles,
        settings.config_args or (),
        sys.argv if "snakemake" in sys.argv[0] else (),
    )


def remember_the_call():
    """For reports and for evenfold's own commands; an input of no rule."""
    for name in PLAN.datasets:
        calling.remember(results_of(name).called, CALL)


if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    # Jobs on this machine get it; those of a cluster are told again by this process.
    CALL = how_it_was_called()
    os.environ[calling.VARIABLE] = CALL


def say_what_failed():
    """Again at the end, since the jobs that could went on after a fault."""
    from evenfold.reporting.closing import failures

    for name in PLAN.datasets:
        for told in failures(results_of(name).folder, BEFORE):
            print(f"\n{told}", file=sys.stderr)
            TERMINAL.ended = True
    for name in PLAN.left_out:
        print(f"\nThe data set {name} was left out; see above.", file=sys.stderr)
    if TERMINAL.ended:
        print(
            "\nThe same command goes on from here, once it is mended. Every line of "
            "this run: .snakemake/log/",
            file=sys.stderr,
        )


def refuse_where_left_out():
    """A run that leaves out a data set has not done what it was asked."""
    if PLAN.left_out:
        raise WorkflowError(
            f"left out, for the errors above: {', '.join(PLAN.left_out)}. The other data "
            "sets are done."
        )


def say_what_came_of_it():
    """The verdict of every data set whose report this run has written, and its scores."""
    from evenfold.reporting.closing import closing

    for name in PLAN.datasets:
        results = results_of(name)
        if any(map(BEFORE.changed, pages_of(name))) or name in WAITING:
            try:
                lines = closing(results)
            except EvenfoldError as error:
                lines = [f"Error: {error}"]
            print("\n".join(["", *lines]), file=sys.stderr)
            TERMINAL.ended = True
        for log in scoring_logs(name):
            if lines := told_in(log, BEFORE):
                print("\n".join(["", *lines]), file=sys.stderr)
                TERMINAL.ended = True
