"""One variant trained from its files: weights, history and out-of-fold scores."""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from evenfold.config.twins import twin
from evenfold.durations import in_time
from evenfold.errors import EvenfoldError
from evenfold.faults import telling
from evenfold.models.averaging import excess_variance, mixtures
from evenfold.models.checkpoints import Checkpoints
from evenfold.models.classical import FITS
from evenfold.models.data import TrainingData
from evenfold.models.device import prepare
from evenfold.models.ensemble import Ensemble
from evenfold.models.settings import Execution, Specification
from evenfold.models.training import Progress, train_ensemble
from evenfold.ragged import Ragged
from evenfold.records.layout import CHECKPOINT, remedy
from evenfold.records.sequences import FeatureFacts
from evenfold.records.tables import HISTORY, OOF, SEQUENCES, SPLIT
from evenfold.records.thresholds import Twin
from evenfold.sources import Sources

#: Seconds between the lines on the terminal of one training.
EVERY = 5.0

#: Features of sequences.
Describe = Callable[[list[str]], np.ndarray | Ragged]


@dataclass(frozen=True)
class EarlierLosses:
    """Losses of earlier variants that are otherwise trained alike.

    Attributes
    ----------
    settings : dict of str to dict
        By variant.
    tolerance : float
        Shift of the logits up to which two losses are the same.
    """

    settings: dict[str, dict]
    tolerance: float


@dataclass(frozen=True)
class Resources:
    """What a training job may use.

    Attributes
    ----------
    device : {'auto', 'cpu', 'cuda'}
    threads : int
    engine : dict
        The section `engine` of the configuration.
    """

    device: str
    threads: int
    engine: dict


def train_files(
    inputs: dict,
    outputs: dict,
    specification: Specification,
    earlier: EarlierLosses,
    resources: Resources,
    describe: Describe | None,
    log: logging.Logger,
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
    specification : Specification
    earlier : EarlierLosses
    resources : Resources
    describe : callable or None
        Features of new sequences; None where they cannot be made.
    log : logging.Logger

    Raises
    ------
    Interrupted
        When the job was asked to stop (SIGTERM, SIGINT): it goes on when run again.
    """
    training, loss = specification.training, specification.loss
    # The classical models are fitted on the CPU, and leave the GPU to others.
    device = "cpu" if training.model in FITS else resources.device
    device, threads = prepare(device, resources.threads)
    log.info("device %s, %d threads, torch %s", device, threads, torch.__version__)
    frame = SEQUENCES.frame(inputs["sequences"], ["id", "sequence", "role", "label"])
    split = SPLIT.frame(inputs["split"])
    train = (frame["role"] == "train").to_numpy()
    frame, split = frame[train], split[train]
    labels = frame["label"].to_numpy(dtype=np.int64)
    folds = split["fold"].to_numpy(dtype=np.int64)
    seen = [labels[folds != fold] for fold in np.unique(folds)]
    priors = [part.mean() for part in seen]
    rows = [len(part) * (1 - specification.inner_share()) for part in seen]
    found = twin(loss, earlier.settings, priors, rows, earlier.tolerance)
    name, apart = found or (None, None)
    Twin(same_as=name, difference=apart).write(outputs["twin"])
    if found:
        log.info(
            "the same loss as %s on these data (logits shifted by %.4f): not trained",
            name,
            apart,
        )
        Ensemble({}, {}, {}, []).save(outputs["weights"], same_as=name)
        HISTORY.write(outputs["history"], HISTORY.empty())
        OOF.write(outputs["oof"], OOF.empty())
        return
    columns = FeatureFacts.read(inputs["columns"])
    data = TrainingData(
        load_features(inputs["matrix"], columns),
        labels,
        folds,
        split["cluster"].to_numpy(),
        {"names": columns.names, "length": columns.length, "vectors": columns.vectors},
    )
    engine = dict(resources.engine)
    checkpoints = Checkpoints(
        Path(outputs["weights"]).parent / CHECKPOINT,
        checkpoint_identity(data, specification, device),
        engine.pop("checkpoint_epochs"),
        watch_for_signals(),
    )
    variant = Path(outputs["weights"]).parent
    outcome = train_ensemble(
        data,
        specification,
        Execution(device=device, **engine),
        report=Display(log, f"{variant.parent.name} {variant.name}").update,
        checkpoints=checkpoints,
    )
    for note in outcome.notes:
        log.warning("%s", note)
    sequences = frame["sequence"].tolist()
    mixed = mixtures(data.inputs, sequences, describe, specification.seed)
    excess = excess_variance(
        outcome.oof_logits,
        outcome.ensemble.logits(mixed, device),
        outcome.ensemble.members,
    )
    outcome.ensemble.save(
        outputs["weights"],
        loss=loss,
        training=training.model_dump(),
        device=device,
        threads=threads,
        torch=torch.__version__,
    )
    HISTORY.write(outputs["history"], pd.DataFrame(outcome.history))
    oof = pd.DataFrame(
        {
            "id": frame["id"].to_numpy(),
            "label": labels.astype(np.int8),
            "fold": split["fold"].to_numpy(dtype=np.int8),
            "logit": outcome.oof_logits,
            "excess": excess,
            "score": 1 / (1 + np.exp(-outcome.oof_logits)),
        }
    )
    OOF.write(outputs["oof"], oof)
    checkpoints.clear()


def load_features(path: str | PathLike, columns: FeatureFacts) -> np.ndarray | Ragged:
    """Features of a file, memory-mapped: ndarray, or Ragged where lengths differ.

    Raises
    ------
    EvenfoldError
        Missing, cut off or of other columns, with the file and what to do.
    """
    again = remedy(path) or "Make it again."
    damage = f"{path}: the NumPy file is cut off or damaged. {again}"
    with telling(path, damage):
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if columns.lengths is not None:
            if values.shape != (sum(columns.lengths),):
                raise EvenfoldError(damage)
            return Ragged(values, np.array(columns.lengths))
        if values.shape[1:] != (len(columns.columns),):
            raise EvenfoldError(damage)
        return values


def checkpoint_identity(
    data: TrainingData, specification: Specification, device: str
) -> str:
    """Digest of what a checkpoint must have in common with the training it serves."""
    digest = sha256()
    for array in (data.labels, data.folds, data.clusters):
        digest.update(array.tobytes())
    # A thousand rows tell a changed matrix; reading a large one takes long.
    for place in np.unique(np.linspace(0, len(data.inputs) - 1, 1000).astype(int)):
        row = data.inputs[place : place + 1]
        values = row.codes if isinstance(row, Ragged) else row
        digest.update(values.tobytes())
    digest.update(
        json.dumps(
            [
                specification.training.model_dump(),
                specification.loss,
                specification.seed,
                device.partition(":")[0],
                torch.__version__,
            ]
        ).encode()
    )
    named = [specification.training.model, specification.loss["name"]]
    code = Sources().module_digest(__name__, named)
    digest.update(code.encode())
    return digest.hexdigest()


def watch_for_signals() -> Callable[[], bool]:
    """Function that says whether SIGTERM or SIGINT came since now."""
    came = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: came.append(True))
    return lambda: bool(came)


class Display:
    """Progress: a line an epoch in the log, one every few seconds on the terminal.

    Variants train side by side, whose bars would overwrite each other.

    Parameters
    ----------
    log : logging.Logger
    name : str
        Of what is trained.
    clock : callable
        Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        log: logging.Logger,
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.log, self.name, self.clock = log, name, clock
        self.started = self.shown = clock()
        files = [getattr(handler, "baseFilename", None) for handler in log.handlers]
        file = next(filter(None, files), None)
        # Said once, with the first line.
        self.where = f" (every epoch: {os.path.relpath(file)})" if file else ""

    def update(self, now: Progress) -> None:
        """Show one epoch of one stack."""
        mean = {
            key: np.mean([row[key] for row in now.lines])
            for key in ("train_loss", "watched_mcc", "watched_sn", "watched_sp")
        }
        size = now.last - now.first + 1
        who = f"{now.alive} of {size} still training"
        if size == 1:
            who = f"member {now.first} of {now.members}"
        elif size < now.members:
            who = f"members {now.first}-{now.last} of {now.members}, {who}"
        gap = mean["watched_sn"] - mean["watched_sp"]
        text = (
            f"{who}, {now.rows_per_second:,.0f} samples/s, loss "
            f"{mean['train_loss']:.4f}, on rows not trained on: MCC {mean['watched_mcc']:.3f}, "
            f"SN {mean['watched_sn']:.3f}, SP {mean['watched_sp']:.3f}, gap {gap:+.3f}"
        )
        self.log.info("epoch %d/%d: %s", now.epoch, now.epochs, text)
        time_now = self.clock()
        if time_now - self.shown < EVERY:
            return
        self.shown = time_now
        done = ((now.first - 1) / size * now.epochs + now.epoch) / (
            now.members / size * now.epochs
        )
        left = (time_now - self.started) * (1 - done) / done
        print(
            f"{self.name}: epoch {now.epoch}/{now.epochs}, {who}, MCC "
            f"{mean['watched_mcc']:.3f}, gap {gap:+.3f}, about {in_time(left)} left"
            f"{self.where}",
            file=sys.stderr,
            flush=True,
        )
        self.where = ""
