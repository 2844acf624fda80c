"""Does it learn at all? The baseline trained on data in which there is less to learn."""

import logging
from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd

from evenfold.config.training import Training
from evenfold.features import FeatureSet, feature_set
from evenfold.models.data import TrainingData
from evenfold.models.device import prepare
from evenfold.models.settings import Execution, Specification
from evenfold.models.training import train_ensemble
from evenfold.records.sequences import FeatureFacts
from evenfold.records.tables import CONTROLS, OOF, SEQUENCES, SPLIT


def controls(
    sequences: list[str], labels: np.ndarray, seed: int
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Training data with one thing taken out.

    Parameters
    ----------
    sequences : list of str, length n
    labels : ndarray of int, shape (n,)
    seed : int

    Returns
    -------
    dict of str to (list of str, ndarray)
        `permuted labels`: nothing is left to learn; `shuffled residues`: composition
        and length are left, order is not (gaps stay in place).
    """
    generator = np.random.default_rng(seed)
    return {
        "permuted labels": (sequences, generator.permutation(labels)),
        "shuffled residues": ([_shuffled(s, generator) for s in sequences], labels),
    }


def _shuffled(sequence, generator):
    letters = np.array(list(sequence))
    residue = letters != "-"
    letters[residue] = generator.permutation(letters[residue])
    return "".join(letters)


@dataclass(frozen=True)
class ControlInputs:
    """Paths of what the controls are made from; `oof` and `columns` of the baseline."""

    columns: str
    sequences: str
    split: str
    oof: str


def control_files(
    inputs: ControlInputs,
    output: str | PathLike,
    training: Training,
    seed: int,
    device: str,
    threads: int,
    log: logging.Logger,
) -> None:
    """Out-of-fold logits of every control, beside those of the real run.

    Parameters
    ----------
    inputs : ControlInputs
    output : path-like
        Parquet to write: control, label, logit, one row a sequence and control.
    training : evenfold.config.training.Training
        The baseline's.
    seed : int
    device : {'auto', 'cpu', 'cuda'}
    threads : int
    log : logging.Logger
    """
    device, _ = prepare(device, threads)
    frame = SEQUENCES.frame(inputs.sequences, ["sequence", "role", "label"])
    train = (frame.role == "train").to_numpy()
    frame, split = frame[train], SPLIT.frame(inputs.split)[train]
    sequences = frame.sequence.tolist()
    labels = frame.label.to_numpy(dtype=np.int64)
    folds = split.fold.to_numpy(dtype=np.int64)
    clusters = split.cluster.to_numpy()
    facts = FeatureFacts.read(inputs.columns)
    plain = {"name": "bce"}
    real = OOF.frame(inputs.oof, ["label", "logit"])
    rows = [real.assign(control="real")]

    def trained(name, sequences, labels, training, names):
        log.info("training on %s", name)
        features = feature_set(names, zip(sequences, sequences), facts.length, vectors)
        outcome = train_ensemble(
            TrainingData(features.compute(sequences), labels, folds, clusters),
            Specification(training, plain, seed),
            Execution(device=device),
        )
        rows.append(
            pd.DataFrame(
                {"label": labels, "logit": outcome.oof_logits, "control": name}
            )
        )

    vectors = FeatureSet.of(facts.names, facts.length, facts.vectors).vectors
    for name, (changed, of_them) in controls(sequences, labels, seed).items():
        if vectors and vectors.file and changed != sequences:
            log.warning("%s: left out, %s has no vectors for it", name, vectors.file)
            continue
        trained(name, changed, of_them, training, facts.names)
    simple = Training(model="logistic_regression", features=["aac"])
    trained("composition alone", sequences, labels, simple, ["aac"])
    table = pd.concat(rows, ignore_index=True)
    CONTROLS.write(output, CONTROLS.of(table.label, table.logit, table.control))
