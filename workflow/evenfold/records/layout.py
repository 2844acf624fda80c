"""The layout of a results folder: the one place that knows where a file is.

Rules declare the same patterns as outputs; a test holds the two together.
"""

import hashlib
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.files import Pathlike

#: Folder of all results, where snakemake is run.
ROOT = "results"
#: Folder of the ledger of looks, unless the configuration names another.
LEDGER = "resources/ledger"
#: Folder and name of a data set's published split, below its own.
PUBLISHED = "published"
#: Folder beside a variant's weights that holds its checkpoints.
CHECKPOINT = "checkpoint"
#: Folder beside the data sets that holds the embedded MLflow store.
MLFLOW = "mlflow"
#: File of a data set's results that keeps how snakemake was called.
CALLED = "called.txt"
#: Folder of a data set's runs that wait to be uploaded to MLflow.
PENDING = "pending"


@dataclass(frozen=True)
class File:
    """A file that a run leaves.

    Attributes
    ----------
    pattern : str
        Path below `results/`, with `{dataset}` and other wildcards.
    what : str
        For the documentation.
    content : str
        Class of its record or name of its table in `evenfold.records`, or a form.
    written : str
        Rule that writes it.
    read : tuple of str
        Rules that read it; a user may read any.
    """

    pattern: str
    what: str
    content: str
    written: str
    read: tuple[str, ...] = ()


_REPORTS = ("report", "explore_report")

FILES = {
    "clean_sequences": File(
        "{dataset}/clean/sequences.parquet", "the sequences that cleaning kept",
        "tables.SEQUENCES", "clean", ("group", "split", "evaluate"),
    ),
    "clean_labels": File(
        "{dataset}/clean/test_labels.parquet", "labels of the published test set",
        "tables.LABELS", "clean", ("split",),
    ),
    "clean_rejected": File(
        "{dataset}/clean/rejected.tsv", "records that cleaning rejected, and why",
        "tables.REJECTED", "clean", ("split",),
    ),
    "counts": File(
        "{dataset}/clean/counts.json", "how many records were read, kept and rejected",
        "sequences.Counts", "clean", ("audit",),
    ),
    "inputs": File(
        "{dataset}/clean/inputs.json", "digests of the records as they were read",
        "sequences.Inputs", "clean", ("select",),
    ),
    "proteins": File(
        "{dataset}/clean/proteins.parquet",
        "the whole proteins that windows were cut from (empty without `sites`)",
        "tables.PROTEINS", "clean", ("featurize", "source_proteins"),
    ),
    "groups": File(
        "{dataset}/groups.parquet", "group of related sequences of every sequence",
        "tables.GROUPS", "group", ("split",),
    ),
    "crossing": File(
        "{dataset}/crossing.parquet",
        "training and test sequences that are related, and how",
        "tables.CROSSING", "group", ("split", "evaluate"),
    ),
    "grouping": File(
        "{dataset}/groups.json", "how many groups there are, and how they were found",
        "sequences.GroupingFacts", "group", (*_REPORTS, "evidence"),
    ),
    "sequences": File(
        "{dataset}/sequences.parquet",
        "the sequences that are used; the labels of test ones are not in it",
        "tables.SEQUENCES", "split",
        ("audit", "featurize", "train", "select", "explain", "evaluate", "track", "sanity_controls",
         "score_shard", "score_fasta", "learning_curve",
         "source_proteins", "evidence"),
    ),
    "split": File(
        "{dataset}/split.parquet", "role, fold and group of every sequence",
        "tables.SPLIT", "split",
        ("audit", "train", "select", "explain", "evaluate", "sanity_controls", "learning_curve",
         "source_proteins", "evidence"),
    ),
    "rejected": File(
        "{dataset}/rejected.tsv", "every record that was not used, and why",
        "tables.REJECTED", "split",
    ),
    "labels": File(
        "{dataset}/test/labels.parquet",
        "labels of the test set, read inside the look alone",
        "tables.LABELS", "split", ("evaluate",),
    ),
    "split_facts": File(
        "{dataset}/split.json", "sizes of roles and folds, and what was related",
        "sequences.SplitFacts", "split",
        ("audit", "featurize", "train", "select", "explain", "sanity_controls", "evidence",
         *_REPORTS),
    ),
    "audit": File(
        "{dataset}/audit.json", "leaks, shortcuts and shifts of the finished split",
        "sequences.AuditFacts", "audit", ("evaluate", *_REPORTS, "track", "evidence"),
    ),
    "nearest": File(
        "{dataset}/nearest.parquet",
        "the nearest training sequence of every test sequence that was searched",
        "tables.NEAREST", "audit", _REPORTS,
    ),
    "source_proteins": File(
        "{dataset}/source_proteins.json",
        "what whole proteins tell of their sites (with `sites` or `source_pattern`)",
        "sequences.SourceProteins", "source_proteins", _REPORTS,
    ),
    "matrix": File(
        "{dataset}/features/{features}.npy", "features of the training sequences",
        "NumPy array", "featurize", ("train", "learning_curve"),
    ),
    "columns": File(
        "{dataset}/features/{features}.json",
        "columns of the features, and what makes them again",
        "sequences.FeatureFacts", "featurize",
        ("train", "sanity_controls", "learning_curve"),
    ),
    "weights": File(
        "{dataset}/{variant}/weights.safetensors",
        "weights of all members of a variant, with the recipe of the network",
        "weights.WeightsHeader", "train",
        ("select", "explain", "evaluate", "track", "score_shard", "score_fasta", *_REPORTS),
    ),
    "history": File(
        "{dataset}/{variant}/history.parquet", "one row a member and epoch",
        "tables.HISTORY", "train", (*_REPORTS, "track"),
    ),
    "oof": File(
        "{dataset}/{variant}/oof.parquet", "out-of-fold scores of the training sequences",
        "tables.OOF", "train", ("tune", "select", "sanity_controls", "learning_curve",
         "source_proteins", *_REPORTS),
    ),
    "twin": File(
        "{dataset}/{variant}/twin.json", "whether its loss is an earlier variant's",
        "thresholds.Twin", "train", ("tune",),
    ),
    "threshold": File(
        "{dataset}/{variant}/threshold.json",
        "thresholds, their stability and the calibration of a variant",
        "thresholds.Tuned", "tune", ("select", *_REPORTS, "track"),
    ),
    "selection": File(
        "{dataset}/selection.json", "the frozen choice and the digests of all that decides",
        "selection.Selection", "select",
        ("explain", "evaluate", *_REPORTS, "summary", "track", "score_shard", "score_fasta",
         "learning_curve",
         "source_proteins", "evidence"),
    ),
    "predictions": File(
        "{dataset}/test/predictions.parquet", "one row a test sequence and variant",
        "tables.PREDICTIONS", "evaluate", ("report", "track", "evidence"),
    ),
    "metrics": File(
        "{dataset}/test/metrics.tsv", "one row a variant and operating point",
        "tables.METRICS", "evaluate", ("report", "summary", "track", "evidence"),
    ),
    "evaluation": File(
        "{dataset}/test/evaluation.json",
        "whether the test set was looked at, and all looks at it",
        "evaluation.Evaluation", "evaluate", ("report", "track", "evidence"),
    ),
    "report": File(
        "{dataset}/report.html", "the report; one self-contained page", "HTML", "report",
        ("track", "evidence"),
    ),
    "dome": File(
        "{dataset}/dome.json", "the model by the DOME recommendations", "evidence.Dome",
        "evidence",
    ),
    "model_card": File(
        "{dataset}/model_card.md", "the model card", "Markdown", "evidence", ("track",),
    ),
    "crate": File(
        "{dataset}/ro-crate-metadata.json",
        "the run as RO-Crate (Workflow Run profile), with a digest of every file that it names",
        "JSON-LD", "evidence",
    ),
    "workflow": File(
        "{dataset}/evenfold.smk",
        "the Snakefile of the workflow as it was run, the main entity of the crate",
        "text", "evidence",
    ),
    "exploration": File(
        "{dataset}/exploration.html", "the report before a look (target `explore`)",
        "HTML", "explore_report",
    ),
    "tracked": File(
        "{dataset}/mlflow.json", "ids of the runs in MLflow", "tracking.TrackedRun",
        "track", ("upload",),
    ),
    "scores": File(
        "{dataset}/predictions/{stem}.tsv", "scores of new sequences (target `predict`)",
        "tables.SCORES", "score_fasta",
    ),
    "scores_rejected": File(
        "{dataset}/predictions/{stem}.rejected.tsv", "those that were not scored, and why",
        "tables.REJECTED", "score_fasta",
    ),
    "scores_proteins": File(
        "{dataset}/predictions/{stem}.proteins.tsv",
        "a row a protein that was scored (of runs with `sites`)",
        "tables.PROTEIN_SCORES", "score_fasta",
    ),
    "shard_scores": File(
        "{dataset}/predictions/{stem}.shards/{shard}.tsv",
        "scores of a shard, removed when all are gathered",
        "tables.SCORES", "score_shard", ("score_fasta",),
    ),
    "shard_rejected": File(
        "{dataset}/predictions/{stem}.shards/{shard}.rejected.tsv",
        "those of a shard that were not scored, and why",
        "tables.REJECTED", "score_shard", ("score_fasta",),
    ),
    "shard_proteins": File(
        "{dataset}/predictions/{stem}.shards/{shard}.proteins.tsv",
        "a row a protein of a shard (empty without `sites`)",
        "tables.PROTEIN_SCORES", "score_shard", ("score_fasta",),
    ),
    "shard_names": File(
        "{dataset}/predictions/{stem}.shards/{shard}.names.parquet",
        "ids of a shard as they were given",
        "tables.NAMES", "score_shard", ("score_fasta",),
    ),
    "shard_counts": File(
        "{dataset}/predictions/{stem}.shards/{shard}.json",
        "how many of a shard were scored and rejected",
        "prediction.ScoredPart", "score_shard", ("score_fasta",),
    ),
    "learning_curve": File(
        "{dataset}/learning_curve.json",
        "what parts of the training groups reach, and what more would "
        "(`learning_curve: true`)",
        "learning_curve.LearningCurve", "learning_curve", _REPORTS,
    ),
    "contributions": File(
        "{dataset}/contributions.json",
        "what residues, positions and columns add to the champion's logit",
        "contributions.Contributions", "explain", _REPORTS,
    ),
    "controls": File(
        "{dataset}/sanity/controls.parquet",
        "out-of-fold logits of the controls (target `sanity`)",
        "tables.CONTROLS", "sanity_controls", ("sanity_verdict",),
    ),
    "controls_table": File(
        "{dataset}/sanity/controls.tsv", "what each control reaches",
        "tables.CONTROL_RATES", "sanity_verdict",
    ),
    "verdict": File(
        "{dataset}/sanity/verdict.txt", "what the controls mean, in sentences", "text",
        "sanity_verdict",
    ),
    "store": File(
        "{dataset}/tracking.json", "where the MLflow store is", "tracking.Store",
        "init_tracking", ("track",),
    ),
    "remembered": File(
        "{dataset}/looks.json",
        "looks that MLflow remembers; asked anew before every look, then removed",
        "evaluation.RememberedLooks", "init_tracking", ("evaluate",),
    ),
    "uploaded": File(
        "{dataset}/uploaded.txt",
        "ids in MLflow of runs that waited and were uploaded at last", "text",
        "upload",
    ),
    "summary_page": File(
        "summary.html", "the champions of several data sets, and losses by rank", "HTML",
        "summary",
    ),
    "summary_table": File(
        "summary.tsv", "metrics of several data sets", "tables.METRICS", "summary",
    ),
}  # fmt: skip

#: What else there is: path, what it is, and the rule that makes it.
FOLDERS = (
    ("{dataset}/logs/", "the log of every job", "every rule"),
    (
        "{dataset}/benchmarks/",
        "time and memory of every job, by Snakemake",
        "every rule",
    ),
    (
        "{dataset}/figures/",
        "the figures of the report, as SVG and PDF",
        "report",
    ),
    (
        "{dataset}/exploration_figures/",
        "the figures of the report before a look",
        "explore_report",
    ),
    ("summary_figures/", "the figures of the summary, as SVG and PDF", "summary"),
    (
        f"{{dataset}}/{{variant}}/{CHECKPOINT}/",
        "state of a training that was stopped; removed when it ends",
        "train",
    ),
    (
        f"{{dataset}}/{PENDING}/",
        "runs that wait until their MLflow store answers, as links to their files",
        "track",
    ),
    (
        f"{{dataset}}/{CALLED}",
        "how snakemake was called last, for the commands in reports and messages; decides "
        "nothing",
        "every run",
    ),
    (f"{MLFLOW}/mlflow.db", "the embedded MLflow store (SQLite)", "init_tracking"),
    (f"{MLFLOW}/artifacts/", "its artifacts", "track"),
)


@dataclass(frozen=True)
class Results:
    """The results of one data set.

    Attributes
    ----------
    root : Path
        Folder of all results.
    dataset : str
        Name of the data set, or of its published split: `<data set>/published`.

    Examples
    --------
    >>> results = Results(Path("results"), "demo")
    >>> results.path("weights", variant="bce").as_posix()
    'results/demo/bce/weights.safetensors'
    >>> results.published.path("selection").as_posix()
    'results/demo/published/selection.json'
    """

    root: Path
    dataset: str

    @classmethod
    def at(cls, folder: Pathlike) -> "Results":
        """Of results/<data set>, wherever that is."""
        folder = Path(folder)
        if folder.name in ("", ".."):
            folder = folder.resolve()
        if folder.name == PUBLISHED:
            return cls(folder.parent.parent, f"{folder.parent.name}/{PUBLISHED}")
        return cls(folder.parent, folder.name)

    @property
    def folder(self) -> Path:
        """results/<data set>."""
        return self.root / self.dataset

    @property
    def published(self) -> "Results":
        """Of the data set's published split."""
        return Results(self.root, f"{self.dataset}/{PUBLISHED}")

    @property
    def called(self) -> Path:
        """The file that keeps how snakemake was called; a published split has no own."""
        return self.root / self.dataset.partition("/")[0] / CALLED

    @property
    def waiting(self) -> bool:
        """Whether runs of it wait to be uploaded."""
        return (self.folder / PENDING).is_dir()

    def told(self, path: Pathlike) -> str:
        """A path as records keep it: from this folder, unless it is absolute."""
        if Path(path).is_absolute():
            return str(path)
        return Path(os.path.relpath(path, self.folder)).as_posix()

    def found(self, told: str) -> Path:
        """The path that `told` gave, from where these results are now."""
        return Path(os.path.normpath(self.folder / told))

    def ledger(self, told: str | None = None) -> Path:
        """Folder of the ledger, as a record has it or where it is by default.

        Version 0.1.0 recorded an absolute path, which is another after a move.
        """
        beside = self.root.absolute().parent / LEDGER
        recorded = self.found(told) if told else beside
        return recorded if recorded.is_dir() or not beside.is_dir() else beside

    def path(self, name: str, **parts: str) -> Path:
        """Path of a file of FILES; `parts` fill its wildcards besides the data set."""
        pattern = FILES[name].pattern
        return self.root / pattern.format(dataset=self.dataset, **parts)


def prediction_stem(given: Pathlike) -> str:
    """What the scores of a file are called, another name for every file.

    Parameters
    ----------
    given : path-like

    Returns
    -------
    str
        The file's name without .gz and .fasta; of a file of another folder with six
        digits that are the folder's.

    Examples
    --------
    >>> prediction_stem("new.fasta.gz"), prediction_stem("new.csv")
    ('new', 'new.csv')
    >>> prediction_stem("a/new.fasta"), prediction_stem("b/new.fasta")
    ('new-ca9781', 'new-3e23e8')
    """
    path = Path(os.path.normpath(given))
    stem = path.name.removesuffix(".gz").removesuffix(".fasta")
    if path.parent == Path("."):
        return stem
    return f"{stem}-{hashlib.sha256(path.parent.as_posix().encode()).hexdigest()[:6]}"


def pattern(name: str) -> str:
    """Path of a file of FILES from where snakemake is run, with its wildcards."""
    return f"{ROOT}/{FILES[name].pattern}"


def rule_of(path: Pathlike) -> tuple[str, str] | None:
    """The rule that writes a file, and the file's path from where snakemake is run.

    Parameters
    ----------
    path : path-like
        Of a file of FILES, in whatever folder of results, or of a fetched one.

    Returns
    -------
    tuple of str or None
        None where it is no file of a run.

    Examples
    --------
    >>> rule_of("/home/me/results/demo/bce/oof.parquet")
    ('train', 'results/demo/bce/oof.parquet')
    """
    told = Path(os.path.abspath(path)).as_posix()
    for expression, rule in _WRITTEN:
        if found := expression.search(told):
            return rule, found[1]
    return None


def remedy(path: Pathlike) -> str | None:
    """What makes a file again, in a sentence; None where it is no file of a run.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str or None
    """
    found = rule_of(path)
    if found is None:
        return None
    rule, target = found
    return (
        f"Make it again: `snakemake --forcerun {rule} -- {shlex.quote(target)}`, then go on "
        "as before."
    )


def _written() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of whole paths and the rules that write them, the most special first."""
    patterns = {f"{ROOT}/{file.pattern}": file.written for file in FILES.values()}
    # Those of a data set's published split are in a folder below its own.
    wildcards = {"{dataset}": f"[^/]+(?:/{PUBLISHED})?"}
    found = []
    for pattern in sorted(patterns, key=_special, reverse=True):
        parts = re.split(r"(\{\w+\})", pattern)
        text = "".join(
            wildcards.get(part, "[^/]+") if part.startswith("{") else re.escape(part)
            for part in parts
        )
        found.append((re.compile(f"(?:^|/)({text})$"), patterns[pattern]))
    return [*found, (re.compile("(?:^|/)(resources/data/[^/]+/[^/]+)$"), "fetch")]


def _special(pattern: str) -> tuple[int, int]:
    fixed = re.sub(r"\{\w+\}", "", pattern)
    return sum("{" not in part for part in pattern.split("/")), len(fixed)


def _folders(start: str) -> set[str]:
    """First folder or file below a part of the layout."""
    patterns = [file.pattern for file in FILES.values()]
    patterns += [path for path, _, _ in FOLDERS]
    return {
        path.removeprefix(start).split("/")[0]
        for path in patterns
        if path.startswith(start)
    }


_WRITTEN = _written()

#: What stands beside variants in results/<data set>, and beside data sets in results.
RESERVED_VARIANTS = {
    name for name in _folders("{dataset}/") if not re.search("[{.]", name)
} | {PUBLISHED}
RESERVED_DATASETS = {name for name in _folders("") if not re.search("[{.]", name)} | {
    "logs",
    "benchmarks",
}


def check_names(datasets: Iterable[str], variants: Iterable[str]) -> None:
    """Refuse names whose results would stand in a folder of something else.

    Names that differ by case alone are one on some file systems.

    Raises
    ------
    EvenfoldError
        With the name and those that are taken.
    """
    for what, names, taken in (
        ("data set", datasets, RESERVED_DATASETS),
        ("variant", variants, RESERVED_VARIANTS),
    ):
        seen: dict[str, str] = {}
        for name in names:
            if name.lower() in taken:
                raise EvenfoldError(
                    f"a {what} cannot be named {name!r}: its results would stand in the "
                    f"folder of something else. Taken are {', '.join(sorted(taken))}. "
                    "Rename it."
                )
            if other := seen.get(name.lower()):
                raise EvenfoldError(
                    f"the {what}s {other!r} and {name!r} differ by case alone, and some "
                    "file systems keep them in one folder. Rename one."
                )
            seen[name.lower()] = name
