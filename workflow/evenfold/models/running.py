"""One variant trained from its files: weights, history and out-of-fold scores."""

import json
import signal
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from evenfold.config.duplicates import twin
from evenfold.files import read_json, write_json, write_table
from evenfold.models.checkpoints import Checkpoints
from evenfold.models.classical import FITS
from evenfold.models.device import prepare
from evenfold.models.ensemble import Ensemble
from evenfold.models.training import Engine, train_ensemble
from evenfold.ragged import Ragged
from evenfold.sources import Sources


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
    engine: dict,
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
    engine : dict
        Fields of evenfold.config.Engine.

    Raises
    ------
    Interrupted
        When the job was told to stop (SIGTERM, SIGINT): it goes on when run again.
    """
    # The classical models are fitted on the CPU, and leave the GPU to others.
    device, threads = prepare("cpu" if training.model in FITS else device, threads)
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
    features = {key: columns[key] for key in ("names", "length", "vectors")}
    matrix = load_features(inputs["matrix"], columns)
    clusters = split["cluster"].to_numpy()
    engine = dict(engine)
    checkpoints = Checkpoints(
        Path(outputs["weights"]).parent / "checkpoint",
        _identity(matrix, labels, folds, clusters, training, loss, seed, device),
        engine.pop("checkpoint_epochs"),
        _told_to_stop(),
    )
    with _Display(log) as display:
        outcome = train_ensemble(
            matrix,
            labels,
            folds,
            clusters,
            training,
            loss,
            features,
            seed,
            Engine(device=device, **engine),
            display.update,
            checkpoints=checkpoints,
        )
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
    checkpoints.clear()


def load_features(path, columns: dict):
    """Features of a file, memory-mapped: ndarray, or Ragged where lengths differ."""
    values = np.load(path, mmap_mode="r")
    lengths = columns.get("lengths")
    return values if lengths is None else Ragged(values, np.array(lengths))


def _identity(matrix, labels, folds, clusters, training, loss, seed, device):
    """Digest of what a checkpoint must have in common with the training it serves."""
    digest = sha256()
    for array in (labels, folds, clusters):
        digest.update(np.ascontiguousarray(array))
    # A thousand rows tell a changed matrix; reading a large one takes long.
    for row in np.unique(np.linspace(0, len(matrix) - 1, 1000).astype(int)):
        own = matrix[row : row + 1]
        digest.update(np.ascontiguousarray(getattr(own, "codes", own)))
    kind = device.partition(":")[0]
    settings = training.model_dump(), loss, seed, kind, torch.__version__
    digest.update(json.dumps(settings).encode())
    code = Sources().module_digest(__name__, [training.model])
    digest.update(code.encode())
    return digest.hexdigest()


def _told_to_stop():
    """Function that says whether SIGTERM or SIGINT came since now."""
    came = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: came.append(True))
    return lambda: bool(came)


class _Display:
    """Progress: a bar on a terminal, a line an epoch in the log."""

    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.bar = tqdm(unit="epoch", disable=not sys.stderr.isatty(), total=0)
        return self

    def __exit__(self, *_):
        self.bar.close()

    def update(self, now: dict) -> None:
        """Show one epoch of one stack; see `train_ensemble`."""
        mean = {
            key: np.mean([row[key] for row in now["lines"]])
            for key in ("train_loss", "inner_mcc", "inner_sn", "inner_sp")
        }
        own, whole = now["last"] - now["first"] + 1, now["members"]
        who = f"{now['alive']} of {own} members alive"
        if own == 1:
            who = f"member {now['first']} of {whole}"
        elif own < whole:
            who = f"members {now['first']}-{now['last']} of {whole}, {who}"
        told = (
            f"{who}, {now['rows_per_second']:,.0f} samples/s, loss "
            f"{mean['train_loss']:.4f}, inner validation: MCC {mean['inner_mcc']:.3f}, "
            f"SN {mean['inner_sn']:.3f}, SP {mean['inner_sp']:.3f}, gap "
            f"{mean['inner_sn'] - mean['inner_sp']:+.3f}"
        )
        self.log.info("epoch %d/%d: %s", now["epoch"], now["epochs"], told)
        before = (now["first"] - 1) / own * now["epochs"]
        self.bar.total = round(whole / own * now["epochs"])
        self.bar.n = round(before + now["epoch"])
        self.bar.set_postfix_str(told)
