"""One variant trained from its files: weights, history and out-of-fold scores."""

import sys

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from evenfold.config.duplicates import twin
from evenfold.files import read_json, write_json, write_table
from evenfold.models.device import prepare
from evenfold.models.ensemble import Ensemble
from evenfold.models.training import train_ensemble


def train_files(
    inputs: dict,
    outputs: dict,
    training,
    loss: dict,
    alike: dict[str, dict],
    same_loss: float,
    seed: int,
    device: str,
    threads: int,
    log,
) -> None:
    """Train one variant from its files and write weights, history and OOF scores.

    If its loss is that of an earlier variant on these data, nothing is trained: the
    files stay empty and twin.json names the other.

    Parameters
    ----------
    inputs : dict
        Paths: matrix, columns, sequences, split.
    outputs : dict
        Paths: weights, history, oof, twin.
    alike : dict of str to dict
        Losses of earlier variants that train alike.
    same_loss : float
        Shift of the logits up to which two losses are the same.
    """
    device, threads = prepare(device, threads)
    log.info("device %s, %d threads, torch %s", device, threads, torch.__version__)
    frame = pd.read_parquet(inputs["sequences"], columns=["id", "role", "label"])
    split = pd.read_parquet(inputs["split"])
    train = (frame["role"] == "train").to_numpy()
    frame, split = frame[train], split[train]
    labels = frame["label"].to_numpy(dtype=np.int64)
    folds = split["fold"].to_numpy(dtype=np.int64)
    own = [labels[folds != fold] for fold in np.unique(folds)]
    rows = [len(part) * (1 - training.inner_validation) for part in own]
    found = twin(loss, alike, [part.mean() for part in own], rows, same_loss)
    name, apart = found or (None, None)
    write_json(outputs["twin"], {"same_as": name, "difference": apart})
    if found:
        log.info(
            "the same loss as %s on these data (logits shifted by %.4f): not trained",
            name,
            apart,
        )
        Ensemble({}, {}, {}, []).save(outputs["weights"], same_as=name)
        for empty in ("history", "oof"):
            write_table(outputs[empty], pd.DataFrame())
        return
    columns = read_json(inputs["columns"])
    features = {"names": columns["names"], "length": columns["length"]}
    bar = tqdm(total=training.epochs, unit="epoch", disable=not sys.stderr.isatty())

    def report(epoch, lines):
        mean = {k: np.mean([row[k] for row in lines]) for k in lines[0]}
        told = (
            f"loss {mean['train_loss']:.4f}, inner validation: MCC "
            f"{mean['inner_mcc']:.3f}, SN {mean['inner_sn']:.3f}, "
            f"SP {mean['inner_sp']:.3f}"
        )
        log.info("epoch %d/%d: %s", epoch, training.epochs, told)
        bar.set_postfix_str(told)
        bar.update()

    outcome = train_ensemble(
        np.load(inputs["matrix"], mmap_mode="r"),
        labels,
        folds,
        split["cluster"].to_numpy(),
        training,
        loss,
        features,
        seed,
        device,
        report,
    )
    bar.close()
    for note in outcome.notes:
        log.warning("%s", note)
    outcome.ensemble.save(
        outputs["weights"],
        loss=loss,
        training=training.model_dump(),
        device=device,
        threads=threads,
        torch=torch.__version__,
    )
    write_table(outputs["history"], pd.DataFrame(outcome.history))
    oof = pd.DataFrame(
        {
            "id": frame["id"].to_numpy(),
            "label": labels.astype(np.int8),
            "fold": split["fold"].to_numpy(dtype=np.int8),
            "logit": outcome.oof_logits,
            "score": 1 / (1 + np.exp(-outcome.oof_logits)),
        }
    )
    write_table(outputs["oof"], oof)
