"""Scores and calls for new sequences, by the champion of a finished run.

Sequences of a test set that its selection holds sealed are scored too; it is said.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold.alphabet import upper_case
from evenfold.config.cleaning import Cleaning
from evenfold.config.decides import Decides as DecidingConfig
from evenfold.config.reading import Reading
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import not_looked_at
from evenfold.evaluation.notes import leave, note_of, sealed_set, told
from evenfold.features import FeatureSet
from evenfold.files import sha256_file
from evenfold.metrics.calibration import calibrated, shifted
from evenfold.metrics.scores import logit
from evenfold.models.ensemble import Ensemble
from evenfold.records.layout import Results
from evenfold.records.notes import Note, SealedSet
from evenfold.records.selection import Selection
from evenfold.records.tables import SCORES, write_rejected
from evenfold.sequences.cleaning import clean_sequence
from evenfold.sequences.ids import give_ids
from evenfold.sequences.reading import Record, read_all_fasta
from evenfold.sequences.sites import every_site


@dataclass
class Predictor:
    """The champion of a selection: weights, threshold and cleaning policy.

    `sites` says how windows are cut out of whole proteins, where the data were.

    Attributes
    ----------
    ensemble : Ensemble
    features : FeatureSet
    cleaning : Cleaning
    sites : Sites or None
    threshold : float
        Scores from here on are called positive.
    probability : callable
        From scores to probabilities; see `probability_of`.
    variant, selection : str
        Name of the champion, and what identifies its selection.
    sealed : SealedSet or None
        The test set, while the selection has not looked at it.

    Examples
    --------
    >>> predictor = Predictor.load("results/demo")  # doctest: +SKIP
    >>> scores, reasons = predictor.score(["MKV...", ...])  # doctest: +SKIP
    """

    ensemble: Ensemble
    features: FeatureSet
    cleaning: Cleaning
    sites: Sites | None
    threshold: float
    probability: Callable[[np.ndarray], np.ndarray]
    variant: str
    selection: str
    sealed: SealedSet | None = None

    @classmethod
    def load(cls, folder: str | Path) -> "Predictor":
        """Load the champion from results/<dataset>.

        Parameters
        ----------
        folder : path-like

        Returns
        -------
        Predictor

        Raises
        ------
        EvenfoldError
            When there is no selection, or its weights are not the frozen ones.
        """
        results = Results.at(folder)
        path = results.path("selection")
        if not path.is_file():
            raise EvenfoldError(
                f"{path} does not exist. Run `snakemake explore` or `snakemake` first."
            )
        champion = Selection.read(path).champion
        weights = results.path("weights", variant=champion)
        return cls.of(path, weights, sealed_set(results))

    @classmethod
    def of(
        cls, path: str | Path, weights: str | Path, sealed: SealedSet | None = None
    ) -> "Predictor":
        """Load the champion from its selection.json and weights.

        Parameters
        ----------
        path, weights : path-like
        sealed : SealedSet, optional
            The test set, while the selection has not looked at it.

        Returns
        -------
        Predictor

        Raises
        ------
        EvenfoldError
            When the weights are not the frozen ones, or a file does not fit.
        """
        selection = Selection.read(path)
        if not Path(weights).is_file():
            raise EvenfoldError(
                f"{weights} does not exist, and {path} is frozen with it. Run snakemake "
                "again."
            )
        if sha256_file(weights) != selection.chosen.weights_sha256:
            raise EvenfoldError(
                f"{weights}: not the weights frozen in {path}. Run snakemake again."
            )
        ensemble = Ensemble.load(weights)
        reading = DecidingConfig.of(selection.config, str(path)).reading
        return cls(
            ensemble,
            FeatureSet.of(**ensemble.features),
            reading.cleaning,
            reading.sites,
            selection.threshold,
            probability_of(selection),
            selection.champion,
            selection.selection,
            sealed,
        )

    def read(self, fasta: str | Path) -> list[Record]:
        """Sequences of a FASTA file to score; windows of its proteins where `sites` is.

        Vectors of sites, if the champion needs them, are from then on of this file.

        Parameters
        ----------
        fasta : path-like

        Returns
        -------
        list of Record

        Raises
        ------
        EvenfoldError
            No site in it, or two proteins of one id.
        """
        reading = Reading(cleaning=self.cleaning)
        records = list(read_all_fasta(fasta, reading))
        if not self.sites:
            # Rows of one id could not be told apart.
            give_ids(records)
            return records
        known: dict[str, Record] = {}
        for protein in records:
            if known.setdefault(protein.id, protein).sequence != protein.sequence:
                raise EvenfoldError(
                    f"{protein.origin}: the id {protein.id!r} also stands before another "
                    f"protein ({known[protein.id].origin}), so its sites are not clear. "
                    "Rename one."
                )
        records = list(known.values())
        windows = [
            w
            for protein in records
            for w in every_site(protein, self.sites, self.cleaning)
        ]
        if not windows:
            raise EvenfoldError(
                f"{fasta}: none of its {len(records)} proteins has a residue of "
                f"{self.sites.residues}, so there is no site to score"
            )
        vectors = self.features.vectors
        if vectors and vectors.pooling == "site":
            own = vectors.of_proteins(fasta)
            self.features = replace(self.features, vectors=own)
            own.take_sites(
                [window.id for window in windows],
                [clean_sequence(w.sequence, self.cleaning)[0] for w in windows],
                [""] * len(windows),
                {("", protein.id): upper_case(protein.sequence) for protein in records},
            )
        return windows

    def score(self, sequences: list[str]) -> tuple[np.ndarray, list[str | None]]:
        """Scores of sequences; NaN where one is rejected.

        Warns where some are of the test set that the selection holds sealed.

        Parameters
        ----------
        sequences : list of str, length n

        Returns
        -------
        tuple of (ndarray of float, shape (n,), list of str or None)
            Scores and the reasons of rejections.
        """
        if note := self.note(sequences):
            warnings.warn(told(note), stacklevel=2)
        return self._scored(sequences)

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

    def _scored(self, sequences, unfit=None):
        """Scores and reasons; `unfit` says why the protein of a window is not used."""
        reasons: list[str | None] = []
        kept, rows = [], []
        for row, sequence in enumerate(sequences):
            sequence, reason = clean_sequence(sequence, self.cleaning)
            reason = (unfit[row] if unfit else None) or reason
            reason = reason or self.features.refusal(sequence)
            reasons.append(reason)
            if reason is None:
                kept.append(sequence)
                rows.append(row)
        scores = np.full(len(sequences), np.nan)
        if kept:
            scores[rows] = self.ensemble.scores(self.features.compute(kept))
        return scores, reasons


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
    calibrator, deployed = selection.chosen.calibrator, selection.deployment_positives

    def probability(scores: np.ndarray) -> np.ndarray:
        p = calibrated(calibrator, logit(scores))
        return shifted(p, selection.positives, deployed) if deployed else p

    return probability


def predict_file(
    folder: str | Path,
    fasta: str | Path,
    scores: str | Path,
    rejected: str | Path,
    ledger: str | Path | None = None,
    tell: Callable[[str], None] = warnings.warn,
) -> dict[str, int]:
    """Score a FASTA file with the champion of results/<dataset>.

    Parameters
    ----------
    folder : path-like
    fasta : path-like
        Sequences; whole proteins if the champion's windows were cut out of such.
    scores : path-like
        TSV to write; see `tables.SCORES`.
    rejected : path-like
        TSV to write: id, source, reason.
    ledger : path-like, optional
        Folder of the ledger, where it is noted if sealed test sequences are scored.
    tell : callable
        Gets a sentence for the user, by default as a warning of Python.

    Returns
    -------
    dict
        How many were `scored` and how many `rejected`.
    """
    predictor = Predictor.load(folder)
    records = predictor.read(fasta)
    sequences = [record.sequence for record in records]
    if other := not_looked_at(Results.at(folder)):
        tell(other)
    if note := predictor.note(sequences):
        tell(told(note))
        if ledger is not None:
            tell(_left(ledger, note))
    values, reasons = predictor._scored(sequences, [record.unfit for record in records])
    good = ~np.isnan(values)
    frame = pd.DataFrame(
        {
            "id": [record.id for record, ok in zip(records, good) if ok],
            "score": values[good],
            "positive": (values[good] >= predictor.threshold).astype(int),
            "probability": predictor.probability(values[good]),
            "threshold": predictor.threshold,
            "variant": predictor.variant,
            "selection": predictor.selection,
        }
    )
    SCORES.write(scores, frame)
    write_rejected(
        rejected,
        [(r.id, r.origin, why) for r, why in zip(records, reasons) if why],
    )
    return {"scored": int(good.sum()), "rejected": int((~good).sum())}


def _left(ledger: str | Path, note: Note) -> str:
    """Leave a note in the ledger, and say so; without one the prediction goes on."""
    try:
        return f"This is noted in {leave(ledger, note)}: later reports show it."
    except EvenfoldError as error:
        return str(error)
