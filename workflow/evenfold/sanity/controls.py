"""Does it learn at all? The baseline trained on data in which there is less to learn."""

import numpy as np
import pandas as pd

from evenfold.config.training import Training
from evenfold.features import FeatureSet, feature_set
from evenfold.files import read_json, write_table
from evenfold.models.data import TrainingData
from evenfold.models.device import prepare
from evenfold.models.settings import Execution, Specification
from evenfold.models.training import train_ensemble


def controls(sequences: list[str], labels: np.ndarray, seed: int) -> dict[str, tuple]:
    """Training data with one thing taken out.

    Parameters
    ----------
    sequences : list of str, length n
    labels : ndarray of int, shape (n,)

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


def control_files(
    inputs: dict,
    output,
    training: Training,
    seed: int,
    device: str,
    threads: int,
    log,
) -> None:
    """Out-of-fold logits of every control, beside those of the real run.

    Parameters
    ----------
    inputs : dict
        Paths columns, sequences, split, and oof of the baseline.
    output : path-like
        Parquet to write: control, label, logit, one row a sequence and control.
    training : evenfold.config.training.Training
        The baseline's.
    """
    device, _ = prepare(device, threads)
    frame = pd.read_parquet(inputs["sequences"], columns=["sequence", "role", "label"])
    split = pd.read_parquet(inputs["split"])
    train = (frame["role"] == "train").to_numpy()
    sequences = frame["sequence"][train].tolist()
    labels = frame["label"][train].to_numpy(dtype=np.int64)
    folds = split["fold"][train].to_numpy(dtype=np.int64)
    clusters = split["cluster"][train].to_numpy()
    columns = read_json(inputs["columns"])
    plain = {"name": "bce"}
    real = pd.read_parquet(inputs["oof"], columns=["label", "logit"])
    rows = [real.assign(control="real")]

    def trained(name, sequences, labels, training, names):
        log.info("training on %s", name)
        features = feature_set(
            names, zip(sequences, sequences), columns["length"], vectors
        )
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

    vectors = FeatureSet.of(columns).vectors
    for name, (own, own_labels) in controls(sequences, labels, seed).items():
        if vectors and vectors.file and own != sequences:
            log.warning("%s: left out, %s has no vectors for it", name, vectors.file)
            continue
        trained(name, own, own_labels, training, columns["names"])
    simple = Training(model="logistic_regression", features=["aac"])
    trained("composition alone", sequences, labels, simple, ["aac"])
    write_table(output, pd.concat(rows, ignore_index=True))
