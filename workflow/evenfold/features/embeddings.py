"""Vectors of whole sequences: from a protein language model, or from a file by id.

Both come through a store addressed by content: a sequence is embedded once, whatever
data set or role it stands in, and an interrupted run goes on where it was.
"""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from evenfold.alphabet import AMINO_ACIDS, residues
from evenfold.errors import EvenfoldError, in_a_line
from evenfold.features.vector_files import (
    VectorNames,
    check_shape,
    vectors_by_id,
    without_end,
)
from evenfold.files import sha256_file
from evenfold.machine import own_gpu
from evenfold.saying import counted

log = logging.getLogger("evenfold")

#: Sequences whose vectors are written to the store at once.
_SAVED = 256
#: Files of a model's folder that decide its vectors: weights, settings and tokenizer.
_PARTS = {".safetensors", ".bin", ".json", ".txt", ".model"}

#: Part of a vector's length by which two runs of a model in half precision may differ.
_NOISE = 0.05


@dataclass(frozen=True)
class Vectors:
    """Where the vectors of a feature set `embeddings` come from.

    Attributes
    ----------
    model, revision, file : str or None
    pooling : {'mean', 'site'}
        As in the configuration (`training: embeddings`).
    store : str
        Folder of the store.
    identity : str
        Digest of what decides the vectors: the model's weights, or the file.
    width : int
        Length of a vector.
    batch_residues, longest : int
        As in the configuration.
    """

    model: str | None
    revision: str | None
    file: str | None
    pooling: str
    store: str
    identity: str
    width: int
    batch_residues: int
    longest: int

    @classmethod
    def of(
        cls, settings: dict[str, Any], proteins: str | PathLike | None = None
    ) -> "Vectors":
        """Vectors of a configuration; the model is loaded once to know its width.

        Parameters
        ----------
        settings : dict
            Fields of evenfold.config.embeddings.Embeddings.
        proteins : path-like, optional
            File of the whole proteins, for vectors of sites.

        Returns
        -------
        Vectors

        Raises
        ------
        EvenfoldError
            No such model or file, or transformers is missing.
        """
        if settings["file"]:
            path = _existing(settings["file"])
            identity = sha256_file(path)[:16]
            width = len(next(iter(_of_file(path, identity).values())))
        else:
            model = _loaded(settings["model"], settings["revision"])
            identity, width = model.identity, model.width
            if settings["pooling"] == "site":
                # A window's vector depends on its protein too.
                identity = _of_sites(identity, proteins)
        return cls(**settings, identity=identity, width=width)

    def of_proteins(self, path: str | PathLike) -> "Vectors":
        """The same vectors of sites, for windows of the proteins of another file."""
        identity = _of_sites(self.identity.partition("-sites-")[0], path)
        return replace(self, identity=identity)

    def compute(self, sequences: list[str]) -> np.ndarray:
        """Vectors of sequences; missing ones are made and stored.

        Parameters
        ----------
        sequences : list of str, length n

        Returns
        -------
        ndarray of float32, shape (n, width)

        Raises
        ------
        EvenfoldError
            A file has no vector for a sequence, or the model is another one by now.
        """
        with _opened(self.store, self.identity) as store:
            named = [self._named(sequence) for sequence in sequences]
            known = _stored(store, named)
            missing = list(dict.fromkeys(s for s in named if _key(s) not in known))
            if missing:
                self._embed(store, missing)
                known |= _stored(store, missing)
        flat = b"".join(known[_key(sequence)] for sequence in named)
        return np.frombuffer(flat, dtype=np.float32).reshape(len(named), self.width)

    def _named(self, sequence):
        """What a vector is stored under; the padding tells where in a window its site is.

        A file may know the site too: two windows of a short protein differ in it alone.
        """
        kept = self.file or self.pooling == "site"
        return sequence if kept else residues(sequence)

    def take_file(self, ids: list[str], sequences: list[str]) -> None:
        """Put the vectors of a file into the store, by the sequences of its ids.

        Parameters
        ----------
        ids, sequences : list of str, length n
            All of a data set: two sequences of one vector would be found in no other way.

        Raises
        ------
        EvenfoldError
            An id without a vector, one vector for two sequences, two vectors for one, or
            a number that is not finite.
        """
        if not self.file:
            raise ValueError("these vectors come from a model")
        with _opened(self.store, self.identity) as store:
            named = [self._named(sequence) for sequence in sequences]
            # Of another data set, which may have other ids for these sequences.
            known = _stored(store, named)
            vectors = _of_file(Path(self.file), self.identity)
            names = VectorNames(vectors)
            used: dict[str, str] = {}
            rows: dict[bytes, bytes] = {}
            for identifier, sequence in zip(ids, named):
                key = _key(sequence)
                name = names.find(identifier)
                if name is None and key in known:
                    continue
                if name is None:
                    raise EvenfoldError(
                        f"{self.file}: no vector for {identifier!r}. It must hold one for "
                        "every training and test sequence, under its id in "
                        "sequences.parquet."
                    )
                if used.setdefault(name, sequence) != sequence:
                    raise EvenfoldError(
                        f"{self.file}: the vector {name!r} would stand for several "
                        f"sequences, {identifier!r} among them, whose ids differ in their "
                        "ends alone. Give each one, under its id in sequences.parquet."
                    )
                vector = _numbers(vectors[name])
                if vector.shape != (self.width,) or not np.isfinite(vector).all():
                    raise EvenfoldError(
                        f"{self.file}: the vector of {identifier!r} is not {self.width} "
                        "finite numbers like the others"
                    )
                first = rows.setdefault(key, known.get(key, vector.tobytes()))
                if not _alike(np.frombuffer(first, dtype=np.float32), vector):
                    raise EvenfoldError(
                        f"{self.file}: the vector of {identifier!r} is another than that "
                        f"of the same sequence under another id ({sequence[:30]}), and "
                        "one sequence has one vector. Remove one of the two from the data, "
                        "or give both the same vector."
                    )
            _save(store, rows)

    def take_sites(
        self,
        ids: list[str],
        sequences: list[str],
        roles: list[str],
        proteins: dict[tuple[str, str], str],
    ) -> None:
        """Make the vectors of windows from their whole proteins, and store them.

        Parameters
        ----------
        ids : list of str
            `protein|K57`, as site mode gives them.
        sequences, roles : list of str
            The windows, and whether they are of train or test.
        proteins : dict of (str, str) to str
            Sequences by role and name.

        Raises
        ------
        EvenfoldError
            A window that names no protein.
        """
        with _opened(self.store, self.identity) as store:
            known = _stored(store, sequences)
            asked: dict[str, dict[bytes, int]] = {}
            for identifier, window, role in zip(ids, sequences, roles):
                key = _key(window)
                name, _, site = without_end(identifier).rpartition("|")
                protein = proteins.get((role, name))
                if protein is None:
                    raise EvenfoldError(
                        f"{identifier}: `pooling: site` needs the whole protein of every "
                        "window; give proteins and `sites` in the data set's file"
                    )
                if key not in known:
                    position = int(site.lstrip(AMINO_ACIDS))
                    asked.setdefault(protein, {})[key] = position
            if not asked:
                return
            model = self._checked_model(self.identity.partition("-sites-")[0])
            rows: dict[bytes, bytes] = {}
            for protein, sites in sorted(asked.items(), key=lambda item: len(item[0])):
                states = model.at(protein, list(sites.values()), self.longest)
                rows |= {k: v.tobytes() for k, v in zip(sites, states)}
                if len(rows) >= _SAVED:
                    _save(store, rows)
                    rows = {}
            _save(store, rows)
        log.info("embedded the sites of %d proteins", len(asked))

    def _embed(self, store, missing):
        if self.pooling == "site":
            others = counted(len(missing) - 1, "other window")
            raise EvenfoldError(
                f"{missing[0]} and {others} come without their "
                "proteins, and a vector of a site needs its whole protein. Give whole "
                "proteins to `predict`, or train with `training: {embeddings: {pooling: "
                "mean}}` to score windows alone."
            )
        if self.file:
            sequences = counted(len(missing), "sequence")
            raise EvenfoldError(
                f"{self.file} has no vector for {sequences}, such as "
                f"{missing[0][:30]}: no data set that it was read for has any of them. "
                "Vectors of new sequences need a model (`training: {embeddings: {model: "
                "...}}`)."
            )
        model = self._checked_model(self.identity)
        rows = {}
        made = model.embed(missing, self.batch_residues, self.longest)
        for done, (sequence, vector) in enumerate(made, 1):
            rows[_key(sequence)] = vector.tobytes()
            if len(rows) == _SAVED or done == len(missing):
                _save(store, rows)
                log.info("embedded %d of %d sequences", done, len(missing))
                rows = {}

    def _checked_model(self, identity):
        model = _loaded(self.model, self.revision)
        if model.identity != identity:
            raise EvenfoldError(
                f"the model {self.model} is not the one of the training: its weights "
                f"have the digest {model.identity}, not {identity}"
            )
        return model


class LanguageModel:
    """A protein language model of the ESM-2 or ProtT5 family (transformers).

    Parameters
    ----------
    name : str
        Local folder, or name on the hub.
    revision : str, optional
        Of a model on the hub.

    Attributes
    ----------
    identity : str
        Digest of the files of a folder, or the commit of a model of the hub.
    width : int
    """

    def __init__(self, name: str, revision: str | None = None):
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EvenfoldError(
                "language models need transformers: pip install 'evenfold[plm]'"
            ) from error
        self._torch = torch
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.device = own_gpu() if torch.cuda.is_available() else "cpu"
        try:
            config = transformers.AutoConfig.from_pretrained(name, revision=revision)
            self.spaced = config.model_type == "t5"
            kind: Any = (
                transformers.T5EncoderModel if self.spaced else transformers.AutoModel
            )
            kept = {} if self.spaced else {"add_pooling_layer": False}
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                name, revision=revision, do_lower_case=False
            )
            model = kind.from_pretrained(name, revision=revision, **kept)
        except (OSError, ValueError, TypeError, ImportError) as error:
            raise EvenfoldError(
                f"the model {name} cannot be loaded ({in_a_line(error)}). Give the folder "
                "of a model that was saved with save_pretrained, or a name on the hub; "
                "without the network, only what was fetched before is found."
            ) from error
        # Half precision pays on a GPU alone.
        precision = torch.bfloat16 if self.device != "cpu" else torch.float32
        self.model = model.to(self.device, precision).eval()
        self.width = config.hidden_size if not self.spaced else config.d_model
        self.identity = self._digest(name, config, precision)

    def _digest(self, name, config, precision):
        folder = Path(name)
        found: dict[str, str | None]
        if folder.is_dir():
            files = sorted(p for p in folder.iterdir() if p.suffix in _PARTS)
            found = {p.name: sha256_file(p) for p in files}
        else:
            found = {"name": name, "commit": getattr(config, "_commit_hash", None)}
        text = json.dumps([found, str(precision)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def embed(
        self, sequences: list[str], batch_residues: int, longest: int
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Mean of the residues' states of each sequence.

        A sequence longer than `longest` is embedded in pieces; its mean is over the
        residues of all of them.

        Parameters
        ----------
        sequences : list of str
            Without gaps.
        batch_residues : int
            Residues, padding counted, that go through the model at once.
        longest : int
            Residues of a piece at most.

        Yields
        ------
        tuple of (str, ndarray of float32, shape (width,))
            In the order of the lengths.
        """
        for batch in _batches(sorted(sequences, key=len), batch_residues, longest):
            pieces = [
                (i, s[at : at + longest])
                for i, s in enumerate(batch)
                for at in range(0, max(1, len(s)), longest)
            ]
            totals = np.zeros((len(batch), self.width))
            counts = np.zeros(len(batch))
            for group in _batches(pieces, batch_residues, longest, lambda p: p[1]):
                sums, known = self._sums([piece for _, piece in group])
                for (i, _), total, n in zip(group, sums, known):
                    totals[i] += total
                    counts[i] += n
            means = totals / np.maximum(counts, 1)[:, None]
            yield from zip(batch, means.astype(np.float32))

    def at(self, protein: str, positions: list[int], longest: int) -> np.ndarray:
        """States at some residues of a protein, with what is around them as context.

        Of a protein longer than `longest`, each site sees the piece it is the middle of.

        Parameters
        ----------
        protein : str
        positions : list of int
            Counted from 1.
        longest : int
            Residues of a piece at most.

        Returns
        -------
        ndarray of float32, shape (positions, width)
        """
        last = max(0, len(protein) - longest)
        starts = [min(max(0, p - 1 - longest // 2), last) for p in positions]
        found = np.empty((len(positions), self.width), dtype=np.float32)
        for start in sorted(set(starts)):
            states, known = self._states([protein[start : start + longest]])
            residue_states = states[0][known[0].bool()]
            for i, own in enumerate(starts):
                if own == start:
                    found[i] = residue_states[positions[i] - 1 - start].numpy()
        return found

    def _sums(self, pieces):
        """Sums of the residues' states, and how many there are."""
        states, known = self._states(pieces)
        return (states * known[..., None]).sum(1).numpy(), known.sum(1).numpy()

    def _states(self, pieces):
        """Last states of every token, and which tokens are residues."""
        torch = self._torch
        text = [p.translate(_RARE) for p in pieces]
        text = [" ".join(p) for p in text] if self.spaced else text
        tokens = self.tokenizer(
            text, padding=True, return_special_tokens_mask=True, return_tensors="pt"
        )
        known = tokens["attention_mask"] * (1 - tokens["special_tokens_mask"])
        inputs = {k: tokens[k].to(self.device) for k in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            states = self.model(**inputs).last_hidden_state.float().cpu()
        return states, known


def _of_sites(identity, proteins):
    return f"{identity}-sites-{sha256_file(proteins)[:16]}"


@lru_cache(maxsize=1)
def _loaded(name, revision):
    return LanguageModel(name, revision)


#: ProtT5 was trained so, and ESM-2 knows hardly more of them.
_RARE = str.maketrans({letter: "X" for letter in "UZOBJ"})


def _batches(items, most, longest, text=lambda item: item):
    """Cut a list into runs that hold at most so many letters, padding counted."""
    batch: list = []
    width = 0
    for item in items:
        letters = min(len(text(item)), longest) + 2
        if batch and max(width, letters) * (len(batch) + 1) > most:
            yield batch
            batch, width = [], 0
        batch.append(item)
        width = max(width, letters)
    if batch:
        yield batch


# --- the store ----------------------------------------------------------------------


@contextmanager
def _opened(folder, identity):
    Path(folder).mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(Path(folder) / f"{identity}.sqlite", timeout=600)
    try:
        with store:
            store.execute(
                "CREATE TABLE IF NOT EXISTS vectors (sequence BLOB PRIMARY KEY, vector "
                "BLOB NOT NULL) WITHOUT ROWID"
            )
        yield store
    except sqlite3.DatabaseError as error:
        raise EvenfoldError(
            f"{folder}/{identity}.sqlite: {error}. It only holds what can be made again: "
            "remove it if it is damaged."
        ) from error
    finally:
        store.close()


def _key(sequence):
    return hashlib.sha256(sequence.encode()).digest()


def _stored(store, sequences):
    found = {}
    keys = list({_key(sequence) for sequence in sequences})
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        marks = ",".join("?" * len(some))
        found.update(
            store.execute(
                f"SELECT sequence, vector FROM vectors WHERE sequence IN ({marks})",
                some,
            )
        )
    return found


def _save(store, rows):
    with store:
        store.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows.items())


# --- files by id --------------------------------------------------------------------


def _numbers(vector):
    """A vector as it is stored; not a number where it holds anything but real numbers."""
    try:
        found = np.asarray(vector)
        if found.dtype.kind not in "biuf":
            raise ValueError(found.dtype)
        with np.errstate(over="ignore"):
            return found.astype(np.float32)
    except (TypeError, ValueError):
        return np.full(1, np.nan, dtype=np.float32)


def _alike(one, other):
    """Whether two vectors may be of one sequence: a model is not exact in every batch."""
    return np.linalg.norm(one - other) <= _NOISE * np.linalg.norm(one)


def _existing(file):
    path = Path(file)
    if not path.is_file():
        raise EvenfoldError(f"{path}: there is no such file (`embeddings: file`)")
    return path


@lru_cache(maxsize=1)
def _of_file(path, digest):
    """Vectors by id of a file, read once a job; `digest` tells it from later versions."""
    vectors = vectors_by_id(path)
    check_shape(path, vectors)
    return vectors
