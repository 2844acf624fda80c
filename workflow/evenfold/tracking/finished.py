"""A finished run as MLflow is told of it: its files, numbers and words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evenfold.config.decides import DecidedVariant, Decides
from evenfold.files import sha256_file
from evenfold.records.evaluation import (
    Evaluation,
    Measured,
    in_markdown,
    read_measured,
)
from evenfold.records.layout import Results
from evenfold.records.selection import Selection
from evenfold.records.sequences import AuditFacts
from evenfold.records.tables import check_whole
from evenfold.records.thresholds import HALF, Tuned
from evenfold.records.tracking import FIRST


@dataclass(frozen=True)
class FinishedFiles:
    """Paths of a finished run; of variants in the order of the configuration."""

    tracking: str
    sequences: str
    selection: str
    thresholds: Sequence[str]
    history: Sequence[str]
    weights: Sequence[str]
    metrics: str
    status: str
    report: str
    audit: str
    predictions: str
    card: str

    @classmethod
    def of(cls, results: Results) -> "FinishedFiles":
        """Of a finished run, where the layout has them."""

        def each(name: str) -> list[str]:
            return [str(results.path(name, variant=variant)) for variant in order]

        order = Selection.read(results.path("selection")).order
        return cls(
            tracking=str(results.path("store")),
            sequences=str(results.path("sequences")),
            selection=str(results.path("selection")),
            thresholds=each("threshold"),
            history=each("history"),
            weights=each("weights"),
            metrics=str(results.path("metrics")),
            status=str(results.path("evaluation")),
            report=str(results.path("report")),
            audit=str(results.path("audit")),
            predictions=str(results.path("predictions")),
            card=str(results.path("model_card")),
        )

    def all(self) -> Iterator[str]:
        """Every path."""
        for value in vars(self).values():
            yield from [value] if isinstance(value, str) else value


def digests(files: FinishedFiles, evaluation: Evaluation) -> dict[str, str]:
    """SHA-256 of what a run publishes, and of its look's records, by name.

    Parameters
    ----------
    files : FinishedFiles
    evaluation : Evaluation

    Returns
    -------
    dict of str to str
        The files by their names in `records.layout`; `intent` and `completion` of the
        look, if it was taken.

    Raises
    ------
    EvenfoldError
        For a file that is cut off, with what makes it again.
    """
    _check_whole(files)
    found = {
        "report": sha256_file(files.report),
        "audit": sha256_file(files.audit),
        "evaluation": sha256_file(files.status),
        "metrics": sha256_file(files.metrics),
        "predictions": sha256_file(files.predictions),
    }
    look = evaluation.look
    records = {
        "intent": look.intent_sha256 if look else None,
        "completion": look.completion_sha256 if look else None,
    }
    return found | {name: digest for name, digest in records.items() if digest}


def _check_whole(files: FinishedFiles) -> None:
    """Check that what is published as it lies there, unread, is whole."""
    AuditFacts.raw(files.audit)
    for path in (files.predictions, files.metrics, files.report):
        check_whole(path)


def run_parameters(selection: Selection, decides: Decides) -> dict[str, Any]:
    """What MLflow shows of a selection."""
    return {
        "champion": selection.champion,
        "criterion": decides.selection.criterion,
        "threshold": selection.threshold,
        "folds": decides.split.folds,
        "seed": decides.seed,
        **{f"grouping.{key}": v for key, v in decides.grouping.model_dump().items()},
    }


def variant_parameters(variant: DecidedVariant) -> dict[str, Any]:
    """What MLflow shows of a variant."""
    return {
        **{f"loss.{key}": v for key, v in variant.loss.model_dump().items()},
        **variant.training.model_dump(),
    }


@dataclass(frozen=True)
class Trained:
    """A variant that was trained."""

    name: str
    #: threshold.json, history.parquet and weights.
    files: tuple[str, str, str]
    tuned: Tuned
    #: Its rows of metrics.tsv; none without a look.
    measured: Sequence[Measured]
    #: When the training began and ended, in milliseconds since 1970.
    time: tuple[int, int]


@dataclass(frozen=True)
class Finished:
    """A finished run, read."""

    dataset: str
    paths: FinishedFiles
    selection: Selection
    evaluation: Evaluation
    #: Of models that were not looked at there is no test result.
    measured: Sequence[Measured]
    variants: Mapping[str, Trained]
    decides: Decides = field(repr=False)

    @classmethod
    def read(cls, dataset: str, paths: FinishedFiles) -> "Finished":
        """Read what a run left."""
        selection = Selection.read(paths.selection)
        evaluation = Evaluation.read(paths.status)
        since = evaluation.since_look
        measured = [] if since and since.changed else read_measured(paths.metrics)
        files = zip(paths.thresholds, paths.history, paths.weights, strict=True)
        variants = {
            name: Trained(
                name,
                own,
                Tuned.read(own[0]),
                [row for row in measured if row.variant == name],
                training_time(Path(own[2])),
            )
            for name, own in zip(selection.order, files, strict=True)
            # A twin was not.
            if name in selection.variants
        }
        return cls(
            dataset, paths, selection, evaluation, measured, variants,
            Decides.of(selection.config),
        )  # fmt: skip

    @property
    def champion(self) -> Trained:
        """The variant that is deployed."""
        return self.variants[self.selection.champion]

    @property
    def tags(self) -> dict[str, str]:
        """What the parent and its children are found by."""
        look = self.evaluation.look
        return {
            "evenfold.selection": self.selection.selection,
            "evenfold.dataset": self.dataset,
            "evenfold.status": self.evaluation.status,
            "evenfold.version": self.selection.records.evenfold,
            "evenfold.champion": self.selection.champion,
            "evenfold.models": self.selection.models,
            **({"evenfold.looked_at": look.looked_at} if look else {}),
            "mlflow.source.name": "evenfold",
        }


def training_time(weights: Path) -> tuple[int, int]:
    """When a training began and ended, in milliseconds since 1970.

    Parameters
    ----------
    weights : Path
        Written at the end; how long it took is in the benchmark that Snakemake keeps. A
        run without that file has trainings without duration.

    Returns
    -------
    tuple of int
    """
    end = weights.stat().st_mtime
    variant, folder = weights.parent.name, weights.parent.parent
    took = 0.0
    try:
        table = pd.read_csv(folder / "benchmarks/train" / f"{variant}.tsv", sep="\t")
        # Below nothing where the clock was set back meanwhile.
        took = max(0.0, float(table["s"].iloc[0]))
    except (OSError, ValueError, KeyError, IndexError):
        pass
    return round((end - took) * 1000), round(end * 1000)


def note(
    selection: Selection, evaluation: Evaluation, measured: Sequence[Measured]
) -> str:
    """What the parent's page says, in Markdown: the results, or why there are none."""
    if not measured:
        since = evaluation.since_look
        return evaluation.told or (since.told if since else "")
    head = f"Champion **{selection.champion}** by cross-validation."
    return "\n".join([head, "", *in_markdown(measured)])


def scalars(tuned: Tuned, tested: Sequence[Measured]) -> dict[str, float]:
    """The few numbers of a variant that a reviewer sorts by.

    Parameters
    ----------
    tuned : Tuned
    tested : sequence of Measured
        The variant's rows; empty without a look.

    Returns
    -------
    dict of str to float
        `oof_*`, and `test_*` at the deployed operating point, `test_at_half_*` at 0.5;
        `FIRST` is that of `oof_mcc`: pages that compare runs begin with it.
    """
    point = tuned.deployed
    found = {
        FIRST: point.mcc,
        "oof_sn": point.sn,
        "oof_sp": point.sp,
        "oof_gap": point.gap,
        "oof_mcc": point.mcc,
        "oof_auroc": tuned.auroc,
        "threshold": tuned.threshold,
    }
    if tuned.stability:
        found["threshold_spread_ratio"] = tuned.stability.ratio
    for row in tested:
        name = "test_at_half" if row.operating_point == HALF else "test"
        found |= {
            f"{name}_sn": row.sn,
            f"{name}_sp": row.sp,
            f"{name}_gap": row.gap,
            f"{name}_mcc": row.mcc,
            "test_auroc": row.auroc,
        }
    return found


def of_the_test_set(name: str) -> bool:
    """Whether a number of `scalars` was measured on the test set."""
    return name.startswith("test_")
