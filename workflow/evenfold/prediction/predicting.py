"""Scores and calls for new sequences, by the champion of a finished run.

Sequences of a test set that its selection holds sealed are scored too; it is said.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.alphabet import upper_case
from evenfold.config.checking import validated
from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import not_looked_at
from evenfold.evaluation.notes import note_of, sealed_set, told
from evenfold.features import FeatureSet
from evenfold.files import sha256_file
from evenfold.importing import check_trusted
from evenfold.metrics.calibration import calibrated, shifted
from evenfold.metrics.scores import logit
from evenfold.models.ensemble import Ensemble
from evenfold.prediction.bundle import is_bundle, unpacked
from evenfold.prediction.domain import Domain
from evenfold.prediction.inputs import Item, items_of
from evenfold.prediction.trust import (
    AS_CONFIGURED,
    NUMBERS,
    TRUST,
    Trust,
    Wanted,
    classes,
)
from evenfold.records.layout import Results
from evenfold.records.notes import Note, SealedSet
from evenfold.records.selection import Selection
from evenfold.records.tables import training_sequences
from evenfold.records.weights import WeightsHeader
from evenfold.sequences.cleaning import clean_sequence
from evenfold.sequences.nearby import Neighbours
from evenfold.sequences.reading import Record, named_by_content
from evenfold.sequences.sites import no_site


@dataclass(frozen=True)
class Calls:
    """What the champion says of some sequences.

    Attributes
    ----------
    scores, probabilities : ndarray of float, shape (n,)
        NaN where a sequence is rejected.
    rejected : list of str or None, length n
        Why it is.
    classes : list of str or None, length n
        positive, negative or unsure; None where a sequence is rejected.
    trust : dict of str to list, length n
        Columns of `trust.TRUST`; None where a sequence is rejected.
    """

    scores: np.ndarray
    probabilities: np.ndarray
    rejected: list[str | None]
    classes: list[str | None]
    trust: dict[str, list[Any]]


@dataclass
class Predictor:
    """The champion of a selection: weights, threshold and how sequences are read.

    Attributes
    ----------
    ensemble : Ensemble
    features : FeatureSet
    reading : Reading
        As frozen: cleaning, names of columns and proteins, and `sites`, which says how
        windows are cut out of whole proteins.
    threshold : float
        Scores from here on are called positive.
    probability : callable
        From scores to probabilities; see `probability_of`.
    variant, selection : str
        Name of the champion, and what identifies its selection.
    sealed : SealedSet or None
        The test set, while the selection has not looked at it.
    trust : Trust
        What is told besides the score.
    models : str
        Digest of its weights, thresholds and calibration.
    not_looked_at : str or None
        What is told where the test result is not of these models.
    dataset : str
        Name of the data set that it was trained on.

    Examples
    --------
    >>> predictor = Predictor.load("results/demo")  # doctest: +SKIP
    >>> scores, reasons = predictor.score(["MKV...", ...])  # doctest: +SKIP
    """

    ensemble: Ensemble
    features: FeatureSet
    reading: Reading
    threshold: float
    probability: Callable[[np.ndarray], np.ndarray]
    variant: str
    selection: str
    sealed: SealedSet | None = None
    trust: Trust = field(default_factory=Trust)
    models: str = ""
    not_looked_at: str | None = None
    dataset: str = ""

    @classmethod
    def load(cls, folder: str | Path, trust_modules: bool = False) -> "Predictor":
        """Load the champion from results/<dataset>, or from a bundle.

        Parameters
        ----------
        folder : path-like
        trust_modules : bool
            Whether a network or features of their own that the results name may be
            imported: their code runs. See SECURITY.md.

        Returns
        -------
        Predictor

        Raises
        ------
        EvenfoldError
            When there is no selection, its weights are not the frozen ones, or they name
            modules that are not trusted.
        """
        if not Path(folder).exists() and Path(folder).suffix:
            raise EvenfoldError(
                f"{folder}: there is no such file. Name results/<dataset> of a run, or a "
                "bundle of `evenfold export`."
            )
        if is_bundle(folder):
            with unpacked(folder) as files:
                sealed = SealedSet.read(files.sealed) if files.sealed else None
                # The folder is gone when they are needed.
                rows = pq.read_table(files.training) if files.training else None
                return cls.of(
                    files.selection,
                    files.weights,
                    sealed,
                    None if rows is None else (lambda: rows),
                    trust_modules,
                    files.manifest.not_looked_at,
                )
        results = Results.at(folder)
        path = results.path("selection")
        if not path.is_file():
            raise EvenfoldError(
                f"{path} does not exist. Run `snakemake explore` or `snakemake` first."
            )
        champion = Selection.read(path).champion
        weights = results.path("weights", variant=champion)
        training = results.path("sequences")
        return cls.of(
            path,
            weights,
            sealed_set(results),
            (lambda: training_sequences(training)) if training.is_file() else None,
            trust_modules,
            not_looked_at(results),
        )

    @classmethod
    def of(
        cls,
        path: str | Path,
        weights: str | Path,
        sealed: SealedSet | None = None,
        training: Callable[[], pa.Table] | None = None,
        trust_modules: bool = False,
        other: str | None = None,
    ) -> "Predictor":
        """Load the champion from its selection.json and weights.

        Parameters
        ----------
        path, weights : path-like
        sealed : SealedSet, optional
            The test set, while the selection has not looked at it.
        training : callable, optional
            Gives the training sequences (columns id and sequence) when they are needed.
        trust_modules : bool
            As for `load`.
        other : str, optional
            What is told where the test result is not of these models.

        Returns
        -------
        Predictor

        Raises
        ------
        EvenfoldError
            When the weights are not the frozen ones, a file does not fit, or modules
            that the weights name are not trusted.
        """
        selection = Selection.read(path)
        if not Path(weights).is_file():
            raise EvenfoldError(
                f"{weights} does not exist, and {path} is frozen with it. Run snakemake "
                "again."
            )
        if sha256_file(weights) != selection.chosen.weights_sha256:
            WeightsHeader.of_weights(weights)
            raise EvenfoldError(
                f"{weights}: not the weights frozen in {path}. Run snakemake again."
            )
        ensemble = Ensemble.load(weights)
        check_trusted(ensemble.code, weights, trust_modules)
        reading = reading_of(selection, path)
        return cls(
            ensemble,
            FeatureSet.of(**ensemble.features),
            reading,
            selection.threshold,
            probability_of(selection),
            selection.champion,
            selection.selection,
            sealed,
            trust_of(selection, reading.sites, training),
            selection.models,
            other,
            selection.dataset,
        )

    @property
    def cleaning(self) -> Cleaning:
        """What is done to letters."""
        return self.reading.cleaning

    @property
    def sites(self) -> Sites | None:
        """How windows are cut out of whole proteins, where the data were."""
        return self.reading.sites

    def read(self, path: str | Path) -> list[Record]:
        """Sequences of a file to score; windows of its proteins where `sites` is.

        Vectors of sites, if the champion needs them, are from then on of this file.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        list of Record

        Raises
        ------
        EvenfoldError
            No site in it.
        """
        return [record for item in self.items(path) for record in item.records]

    def items(self, path: str | Path) -> list[Item]:
        """As `read`, each sequence or protein with what belongs to it.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        list of Item

        Raises
        ------
        EvenfoldError
            No site in it.
        """
        items = list(items_of([(str(path), Path(path))], self.reading))
        if not self.sites:
            return items
        windows = [window for item in items for window in item.records]
        if not windows:
            raise no_site(str(path), len(items), self.sites)
        vectors = self.features.vectors
        if vectors and vectors.pooling == "site":
            own = vectors.of_proteins(path)
            self.features = replace(self.features, vectors=own)
            own.take_sites(
                [window.id for window in windows],
                [clean_sequence(w.sequence, self.cleaning)[0] for w in windows],
                [""] * len(windows),
                {
                    ("", protein.id): upper_case(protein.sequence)
                    for protein in (item.protein for item in items)
                    if protein
                },
            )
        return items

    def score(self, sequences: list[str] | str) -> tuple[np.ndarray, list[str | None]]:
        """Scores of sequences; NaN where one is rejected.

        Warns where some are of the test set that the selection holds sealed, and where the
        test result is of other models.

        Parameters
        ----------
        sequences : list of str, length n
            Or one text, which is one sequence.

        Returns
        -------
        tuple of (ndarray of float, shape (n,), list of str or None)
            Scores and the reasons of rejections.
        """
        if isinstance(sequences, str):
            sequences = [sequences]
        self._warn(sequences)
        calls = self.calls(sequences)
        return calls.scores, calls.rejected

    def predict(
        self,
        sequences: Sequence[Any],
        ids: Sequence[Any] | None = None,
        wanted: Wanted = AS_CONFIGURED,
    ) -> pd.DataFrame:
        """What is told of sequences, one row each, whatever some of them are.

        Warns where some are of the test set that the selection holds sealed, and where
        no set is possible at the error that is asked for.

        Parameters
        ----------
        sequences : sequence, length n
            Texts; one text alone is one sequence. What is none, such as None or a number,
            is rejected.
        ids : sequence, length n, optional
            Their names, texts or numbers; without, they are named after their content.
        wanted : Wanted
            Another error of the sets, calls of unsure, no search for the nearest.

        Returns
        -------
        DataFrame
            Columns id, score, positive (1 or 0; None where unsure), class (positive,
            negative or unsure), probability, threshold, those of trust, and reason, which
            says why a sequence is outside of what the model was trained on or why it was
            rejected. Of a rejected one score, positive, class and probability are None.

        Raises
        ------
        EvenfoldError
            Some have no id of their own, or what is wanted was not frozen.
        """
        if isinstance(sequences, str):
            sequences, ids = [sequences], [ids] if isinstance(ids, str) else ids
        names = [None] * len(sequences) if ids is None else list(ids)
        if len(names) != len(sequences):
            raise EvenfoldError(
                f"{len(sequences)} sequences, but {len(names)} ids: give each its own, or "
                "none."
            )
        texts, unfit = [], []
        for given in sequences:
            text, why = text_or_reason(given)
            texts.append(text)
            unfit.append(why)
        for sentence in self.trust.notes(wanted):
            warnings.warn(sentence, stacklevel=2)
        self._warn(texts)
        calls = self.calls(texts, unfit, wanted)
        good = ~np.isnan(calls.scores)
        found: dict[str, list[Any]] = {
            "id": [
                id_given(name) or named_by_content(text)
                for text, name in zip(texts, names, strict=True)
            ],
            "score": _or_none(calls.scores.tolist(), good),
            "positive": [NUMBERS.get(one) for one in calls.classes],
            "class": calls.classes,
            "probability": _or_none(calls.probabilities.tolist(), good),
            "threshold": [self.threshold] * len(texts),
            **calls.trust,
        }
        found["reason"] = [
            why or told for why, told in zip(calls.rejected, found["reason"])
        ]
        # Of type object: a null must not become a NaN, which is no JSON.
        return pd.DataFrame(
            {name: pd.Series(column, dtype=object) for name, column in found.items()}
        )

    def _warn(self, sequences):
        if self.not_looked_at:
            warnings.warn(self.not_looked_at, stacklevel=3)
        if note := self.note(sequences):
            warnings.warn(told(note), stacklevel=3)

    def note(self, sequences: list[str]) -> Note | None:
        """What is to be noted where sequences are of a sealed test set.

        Parameters
        ----------
        sequences : list of str

        Returns
        -------
        Note or None
        """
        return note_of(self.sealed, sequences) if self.sealed else None

    def calls(
        self,
        sequences: Sequence[str],
        unfit: Sequence[str | None] | None = None,
        wanted: Wanted = AS_CONFIGURED,
        starts: Sequence[int] | None = None,
    ) -> Calls:
        """What the champion says of sequences; nothing is warned of.

        Parameters
        ----------
        sequences : sequence of str, length n
        unfit : sequence of str or None, length n, optional
            Why a sequence cannot be used, whatever its letters.
        wanted : Wanted
        starts : sequence of int, length n, optional
            Where in its protein a window begins, for what is said of its letters.

        Returns
        -------
        Calls
        """
        rejected: list[str | None] = []
        kept, rows = [], []
        for row, sequence in enumerate(sequences):
            start = starts[row] if starts else 1
            sequence, reason = clean_sequence(sequence, self.cleaning, start)
            reason = (unfit[row] if unfit else None) or reason
            reason = reason or self.trust.domain.refusal(sequence)
            reason = reason or self.features.refusal(sequence)
            rejected.append(reason)
            if reason is None:
                kept.append(sequence)
                rows.append(row)
        scores = np.full(len(sequences), np.nan)
        probabilities = scores.copy()
        trust: dict[str, list[Any]] = {name: [None] * len(sequences) for name in TRUST}
        called: list[str | None] = [None] * len(sequences)
        if kept:
            scores[rows] = self.ensemble.scores(self.features.compute(kept))
            probabilities[rows] = self.probability(scores[rows])
            told = self.trust.columns(kept, scores[rows], wanted)
            for name, values in told.items():
                for row, value in zip(rows, values):
                    trust[name][row] = value
            above = scores[rows] >= self.threshold
            for row, one in zip(rows, classes(above, told["set"], wanted)):
                called[row] = one
        return Calls(scores, probabilities, rejected, called, trust)


def reading_of(selection: Selection, path: str | Path) -> Reading:
    """How sequences are read and cleaned, as frozen; nothing else of it is looked at.

    Parameters
    ----------
    selection : Selection
    path : path-like
        Of it, for the error.

    Returns
    -------
    Reading

    Raises
    ------
    EvenfoldError
        When it does not fit.
    """
    return validated(Reading, selection.config.get("reading"), f"{path}: reading")


def id_given(value: Any) -> str:
    """An id as it was sent, a number too; empty where there is none.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
    """
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Number):
        return ""
    # A column of whole numbers with a cell that is empty is one of real ones.
    if isinstance(value, float | np.floating):
        value = int(value) if float(value).is_integer() else value
    return "" if value != value else str(value)


def text_or_reason(value: Any) -> tuple[str, str | None]:
    """A sequence as it was sent, or why it is none.

    Parameters
    ----------
    value : object

    Returns
    -------
    tuple of (str, str or None)
        Without blanks around it; empty where there is a reason.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return "", "no sequence: its cell is empty"
    if not isinstance(value, str):
        return "", f"no sequence: {type(value).__name__} in place of a text"
    if not value.strip():
        return "", "no sequence: its cell is empty"
    return "".join(value.split()), None


def _or_none(values, good):
    return [value if ok else None for value, ok in zip(values, good)]


def trust_of(
    selection: Selection,
    sites: Sites | None,
    training: Callable[[], pa.Table] | None = None,
) -> Trust:
    """What is told besides the score, as frozen with the champion.

    Parameters
    ----------
    selection : Selection
    sites : Sites or None
        How windows are cut out of whole proteins.
    training : callable, optional
        Gives the training sequences (columns id and sequence).

    Returns
    -------
    Trust
    """
    reach = selection.domain.reach if selection.domain else None

    @cache
    def neighbours() -> Neighbours:
        assert training is not None
        rows = training()
        return Neighbours.of(
            rows.column("sequence").to_pylist(), rows.column("id").to_pylist()
        )

    return Trust(
        Domain.of(selection.learned, sites, reach),
        selection.trust,
        moved_to_use(selection),
        neighbours if training else None,
    )


def moved_to_use(selection: Selection) -> Callable[[np.ndarray], np.ndarray]:
    """Function from probabilities in the training data to those where it is used.

    They are moved to the share of positives given as `deployment_positives`, if there is
    one.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    callable
    """
    deployed = selection.deployment_positives

    def moved(probabilities: np.ndarray) -> np.ndarray:
        if not deployed:
            return probabilities
        return shifted(probabilities, selection.positives, deployed)

    return moved


def probability_of(selection: Selection) -> Callable[[np.ndarray], np.ndarray]:
    """Function from scores to probabilities, as frozen with the champion.

    Calibrated on out-of-fold scores, and moved to the share of positives given as
    `deployment_positives` if there is one.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    callable
    """
    calibrator, moved = selection.chosen.calibrator, moved_to_use(selection)

    def probability(scores: np.ndarray) -> np.ndarray:
        return moved(calibrated(calibrator, logit(scores)))

    return probability
