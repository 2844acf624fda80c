"""What a report may tell of: the records of one data set, read once."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from evenfold.calling import PLAIN, as_called, remembered, with_options
from evenfold.config.decides import Decides
from evenfold.records.contributions import Contributions
from evenfold.records.evaluation import Evaluation, Measured, SinceLook, read_measured
from evenfold.records.learning_curve import LearningCurve
from evenfold.records.selection import Selection, is_published
from evenfold.records.sequences import (
    AuditFacts,
    GroupingFacts,
    SourceProteins,
    SplitFacts,
)
from evenfold.records.tables import HISTORY, NEAREST, OOF, PREDICTIONS
from evenfold.records.thresholds import HALF, Tuned
from evenfold.records.weights import WeightsHeader


@dataclass(frozen=True)
class ReportFiles:
    """Paths of what a report is made from; of variants in the configuration's order.

    Those of the published split, of source proteins and the learning curve are empty
    or one; `metrics`, `status` and `predictions` are there after a look.
    """

    selection: str
    audit: str
    split: str
    groups: str
    thresholds: Sequence[str]
    history: Sequence[str]
    oof: Sequence[str]
    weights: Sequence[str]
    nearest: str
    contributions: str
    source_proteins: Sequence[str] = ()
    published_selection: Sequence[str] = ()
    published_audit: Sequence[str] = ()
    published_split: Sequence[str] = ()
    learning_curve: Sequence[str] = ()
    metrics: str | None = None
    status: str | None = None
    predictions: str | None = None


@dataclass(frozen=True)
class ReportSettings:
    """What the configuration says of a data set.

    Attributes
    ----------
    variants : sequence of str
        Names, in the order of `ReportFiles.thresholds`, `history`, `oof` and
        `weights`.
    description : str
    published : sequence of dict
        Published results on this test set: `method`, and of sn, sp, mcc, acc and auroc
        those that there are.
    decides : Decides
        The resolved configuration.
    commit : str or None
        Of evenfold, where it runs from a repository.
    """

    variants: Sequence[str]
    description: str
    published: Sequence[Mapping[str, str | float]]
    decides: Decides
    commit: str | None = None


@dataclass(frozen=True)
class PublishedSplit:
    """Records of the published split, beside the honest one."""

    selection: Selection
    audit: AuditFacts
    split: SplitFacts
    measured: Sequence[Measured] = ()


@dataclass(frozen=True)
class RuleTime:
    """Seconds of a rule's jobs, added up, and the largest memory of one, in MB.

    Seconds are None where the clock was set back during one of the jobs.
    """

    rule: str
    jobs: int
    seconds: float | None
    memory: float | None


#: Of a history, what the report tells.
EPOCHS = ("train_loss", "watched_auroc", "watched_sn", "watched_sp")
#: Variants that stand out where there are more.
_FEW = 6


@dataclass(frozen=True)
class Facts:
    """Everything that a report of one data set may tell.

    Attributes
    ----------
    dataset : str
    settings : ReportSettings
    selection, audit, split, grouping
        The records of those names.
    tuned : dict of str to Tuned
        By variant, in the order of the configuration, without twins.
    history : dict of str to DataFrame
        Epochs of each of these, with the columns of EPOCHS.
    evaluation : Evaluation or None
        None before *evaluate* ran.
    measured : sequence of Measured
        Rows of the honest split; empty without a look.
    beside : PublishedSplit or None
    times : sequence of RuleTime
        Longest first.
    source_proteins : SourceProteins or None
        None where sources are not known.
    curve : LearningCurve or None
        None where none was asked for.
    contributions : Contributions or None
        What models look at.
    trained : WeightsHeader or None
        How the champion was trained.
    oof : DataFrame
        Of the champion, with the columns label and score; may have no rows.
    called : DataFrame
        Test sequences as the champion of the look called them, with id, label, score and
        threshold, and train_id, identity and coverage of the nearest training sequence,
        which may be missing; no rows without a look.
    call : str
        How snakemake was called, without targets.
    """

    dataset: str
    settings: ReportSettings
    selection: Selection
    audit: AuditFacts
    split: SplitFacts
    grouping: GroupingFacts
    tuned: Mapping[str, Tuned]
    history: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    measured: Sequence[Measured] = ()
    beside: PublishedSplit | None = None
    times: Sequence[RuleTime] = ()
    source_proteins: SourceProteins | None = None
    curve: LearningCurve | None = None
    contributions: Contributions | None = None
    trained: WeightsHeader | None = None
    oof: pd.DataFrame = field(default_factory=pd.DataFrame)
    called: pd.DataFrame = field(default_factory=pd.DataFrame)
    call: str = PLAIN

    def command(self, options: str = "") -> str:
        """The command that runs snakemake again on these data, with further options.

        Parameters
        ----------
        options : str
        """
        known = self.call if self.call != PLAIN else f"{PLAIN} --cores 8"
        return with_options(known, options)

    def as_called(self, text: str) -> str:
        """A sentence with the commands that work for this run.

        Parameters
        ----------
        text : str
        """
        return as_called(text, self.call)

    @property
    def champion(self) -> Tuned:
        """Thresholds of the champion."""
        return self.tuned[self.selection.champion]

    @cached_property
    def leading(self) -> list[str]:
        """The champion, the baseline, and those of the largest MCC out-of-fold: few."""
        variants = self.selection.variants
        by_mcc = sorted(variants, key=lambda name: -variants[name].oof.mcc)
        first = [self.selection.champion, self.selection.baseline, *by_mcc]
        known = [name for name in dict.fromkeys(first) if name in self.tuned]
        return known[:_FEW]

    @cached_property
    def deployed(self) -> dict[str, Measured]:
        """By variant, the row of the operating point that it deploys."""
        return {row.variant: row for row in self.measured if row.deployed}

    @property
    def shown(self) -> str:
        """The champion whose result is shown: that of the look, if there was one."""
        look = self.evaluation.look if self.evaluation else None
        return look.champion if look else self.selection.champion

    @property
    def since_look(self) -> SinceLook | None:
        """Where the models at hand are others than those looked at: what to tell."""
        since = self.evaluation.since_look if self.evaluation else None
        return since if since and since.changed else None

    @property
    def tested(self) -> Measured | None:
        """The champion on the test set; None without a look."""
        return self.deployed.get(self.shown)

    @property
    def tested_at_half(self) -> Measured | None:
        """The champion on the test set at threshold 0.5; None without a look."""
        return next(
            (
                row
                for row in self.measured
                if row.variant == self.shown and row.operating_point == HALF
            ),
            None,
        )


def read_facts(
    dataset: str,
    files: ReportFiles,
    settings: ReportSettings,
    benchmarks: Path | str,
    called: Path | str | None = None,
) -> Facts:
    """Read what a report tells.

    Parameters
    ----------
    dataset : str
    files : ReportFiles
    settings : ReportSettings
    benchmarks : path-like
        Folder of the data set's benchmark files.
    called : path-like, optional
        File that tells how snakemake was called.

    Returns
    -------
    Facts

    Raises
    ------
    EvenfoldError
        For a file that is damaged or of another version, with its name.
    """
    selection = Selection.read(files.selection)
    thresholds = dict(zip(settings.variants, files.thresholds, strict=True))
    histories = dict(zip(settings.variants, files.history, strict=True))
    oof = dict(zip(settings.variants, files.oof, strict=True))
    weights = dict(zip(settings.variants, files.weights, strict=True))
    evaluation = Evaluation.read(files.status) if files.status else None
    names = [name for name in settings.variants if name in selection.variants]
    measured = read_measured(files.metrics) if files.metrics else []
    return Facts(
        dataset=dataset,
        settings=settings,
        selection=selection,
        audit=AuditFacts.read(files.audit),
        split=SplitFacts.read(files.split),
        grouping=GroupingFacts.read(files.groups),
        tuned={name: Tuned.read(thresholds[name]) for name in names},
        history={
            name: HISTORY.frame(histories[name], ["epoch", *EPOCHS]) for name in names
        },
        evaluation=evaluation,
        measured=[row for row in measured if not is_published(row.variant)],
        beside=_published_split(files, measured),
        times=rule_times(benchmarks),
        source_proteins=next(map(SourceProteins.read, files.source_proteins), None),
        curve=next(map(LearningCurve.read, files.learning_curve), None),
        contributions=Contributions.read(files.contributions),
        trained=WeightsHeader.of_weights(weights[selection.champion]),
        oof=OOF.frame(oof[selection.champion], ["label", "score"]),
        called=_called(files, selection, evaluation),
        call=remembered(called) if called else PLAIN,
    )


def _called(
    files: ReportFiles, selection: Selection, evaluation: Evaluation | None
) -> pd.DataFrame:
    """Test sequences as the champion of the look called them."""
    look = evaluation.look if evaluation else None
    if files.predictions is None or look is None:
        return pd.DataFrame()
    columns = ["id", "variant", "label", "score", "threshold"]
    rows = PREDICTIONS.frame(files.predictions, columns)
    rows = rows[rows["variant"] == look.champion].drop(columns="variant")
    return rows.merge(NEAREST.frame(files.nearest), on="id", how="left")


def _published_split(
    files: ReportFiles, measured: Iterable[Measured]
) -> PublishedSplit | None:
    if not files.published_selection:
        return None
    return PublishedSplit(
        selection=Selection.read(files.published_selection[0]),
        audit=AuditFacts.read(files.published_audit[0]),
        split=SplitFacts.read(files.published_split[0]),
        measured=[row for row in measured if is_published(row.variant)],
    )


def rule_times(folder: Path | str) -> list[RuleTime]:
    """Time and memory of each rule, from Snakemake's benchmark files.

    Parameters
    ----------
    folder : path-like
        Holds `<rule>.tsv` or `<rule>/<wildcards>.tsv`; the last row of each counts.

    Returns
    -------
    list of RuleTime
        Longest first. Memory is None where all jobs were shorter than Snakemake's
        sampling interval.
    """
    jobs: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(Path(folder).rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        last = pd.read_csv(path, sep="\t", usecols=["s", "max_rss"]).iloc[-1]
        memory = pd.to_numeric(last.max_rss, errors="coerce")
        measured = float(last.s), 0.0 if pd.isna(memory) else float(memory)
        jobs.setdefault(rule, []).append(measured)
    times = [
        RuleTime(
            rule=rule,
            jobs=len(own),
            seconds=_added([seconds for seconds, _ in own]),
            memory=max(memory for _, memory in own) or None,
        )
        for rule, own in jobs.items()
    ]
    return sorted(times, key=lambda time: -(time.seconds or 0.0))


def _added(seconds: list[float]) -> float | None:
    return sum(seconds) if min(seconds) >= 0 else None


def commit_of(folder: Path) -> str | None:
    """Commit of the repository that a folder is tracked in, if there is one."""
    asked = ["git", "-C", str(folder), "log", "-1", "--format=%h", "--", "."]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
