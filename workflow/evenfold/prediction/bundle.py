"""A champion as one file that scores elsewhere, with all that it needs and what it is.

A bundle is a zip of stored files, equal for equal results. Nothing is unpacked but the
files of these names, and each is held against its digest.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from evenfold import __version__
from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import not_looked_at
from evenfold.evaluation.notes import sealed_set
from evenfold.files import replacing
from evenfold.models.ensemble import Ensemble
from evenfold.records.layout import Results
from evenfold.records.prediction import REQUIREMENTS, Bundle
from evenfold.records.selection import Selection
from evenfold.records.tables import training_sequences

FORMAT = 1
MANIFEST, SELECTION, WEIGHTS = "manifest.json", "selection.json", "weights.safetensors"
SEALED, SEQUENCES_FILE = "sealed.json", "training.parquet"
CARD, LICENCE, NEEDED = "MODEL_CARD.md", "LICENSE", "requirements.txt"
#: Bytes that a file of a bundle may have.
_LARGEST = 1 << 34
_MIT = """MIT License

The weights, thresholds and calibration in this bundle were made by evenfold, whose code is
under the MIT License. They were learned from the data set that MODEL_CARD.md names, whose own
terms may bind their use.
"""


@dataclass(frozen=True)
class Unpacked:
    """The files of a bundle that scoring needs.

    Attributes
    ----------
    manifest : Bundle
    selection, weights : Path
    sealed, training : Path or None
    """

    manifest: Bundle
    selection: Path
    weights: Path
    sealed: Path | None
    training: Path | None


def is_bundle(path: str | Path) -> bool:
    """Whether a path is a bundle, and no folder of results.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
    """
    return Path(path).is_file()


def export(folder: str | Path, out: str | Path, sequences: bool = True) -> Bundle:
    """Put the champion of results/<dataset> into one file.

    Parameters
    ----------
    folder : path-like
    out : path-like
        The file, which ends in .zip.
    sequences : bool
        Whether the training sequences go with it.

    Returns
    -------
    Bundle

    Raises
    ------
    EvenfoldError
        No selection, weights that are not the frozen ones, or a champion that reads a
        file of vectors, which has none of new sequences.
    """
    if Path(out).suffix.lower() != ".zip" or Path(out).is_dir():
        raise EvenfoldError(f"{out}: a bundle is a file that ends in .zip.")
    results = Results.at(folder)
    if not results.path("selection").is_file():
        raise EvenfoldError(
            f"{results.path('selection')} does not exist. Run `snakemake explore` or "
            "`snakemake` first."
        )
    selection = Selection.read(results.path("selection"))
    weights = results.path("weights", variant=selection.champion)
    kept = weights.read_bytes()
    if sha256(kept).hexdigest() != selection.chosen.weights_sha256:
        raise EvenfoldError(
            f"{weights}: not the weights frozen in {results.path('selection')}. Run "
            "snakemake again."
        )
    ensemble = Ensemble.load(weights)
    vectors = ensemble.features.get("vectors") or {}
    if vectors.get("file"):
        raise EvenfoldError(
            f"the champion {selection.champion} reads the vectors of {vectors['file']}, "
            "which has none of new sequences: it cannot score elsewhere."
        )
    files = {
        SELECTION: results.path("selection").read_bytes(),
        WEIGHTS: kept,
        CARD: card(results, selection).encode(),
        LICENCE: _MIT.encode(),
        NEEDED: requirements().encode(),
    }
    if sealed := sealed_set(results):
        files[SEALED] = (sealed.model_dump_json(indent=2) + "\n").encode()
    if sequences and results.path("sequences").is_file():
        files[SEQUENCES_FILE] = _training(results.path("sequences"))
    manifest = Bundle(
        format=FORMAT,
        evenfold=__version__,
        dataset=selection.dataset,
        selection=selection.selection,
        champion=selection.champion,
        sequences=SEQUENCES_FILE in files,
        not_looked_at=not_looked_at(results),
        code=sorted(ensemble.code),
        files={name: sha256(data).hexdigest() for name, data in sorted(files.items())},
    )
    files[MANIFEST] = (manifest.model_dump_json(indent=2) + "\n").encode()
    with (
        replacing(out) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle,
    ):
        for name, data in sorted(files.items()):
            # One time for all: equal results make equal bundles.
            bundle.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return manifest


@contextmanager
def unpacked(path: str | Path) -> Iterator[Unpacked]:
    """The files of a bundle in a folder of their own, as long as they are needed.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    Unpacked

    Raises
    ------
    EvenfoldError
        No bundle, one that is damaged, or one of a later version.
    """
    with tempfile.TemporaryDirectory(prefix="evenfold-") as aside:
        folder = Path(aside)
        with _opened(path) as (bundle, manifest):
            for name in (SELECTION, WEIGHTS, SEALED, SEQUENCES_FILE):
                if name in manifest.files:
                    data = _stored(path, bundle, name, manifest.files[name])
                    (folder / name).write_bytes(data)
        sealed, training = folder / SEALED, folder / SEQUENCES_FILE
        yield Unpacked(
            manifest,
            folder / SELECTION,
            folder / WEIGHTS,
            sealed if sealed.is_file() else None,
            training if training.is_file() else None,
        )


@contextmanager
def _opened(path) -> Iterator[tuple[zipfile.ZipFile, Bundle]]:
    """A bundle and its manifest."""
    try:
        with zipfile.ZipFile(path) as bundle:
            if MANIFEST not in bundle.namelist():
                raise EvenfoldError(
                    f"{path}: no bundle of evenfold (no {MANIFEST} in it)."
                )
            yield bundle, _manifest(path, bundle)
    # What zipfile has for a form of compression that it does not know is the last.
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise EvenfoldError(
            f"{path}: neither a folder of results nor a bundle, or a damaged one "
            f"({error}). Export it again (`evenfold export`)."
        ) from error


def _manifest(path, bundle) -> Bundle:
    try:
        found: Any = json.loads(_stored(path, bundle, MANIFEST, None))
    except ValueError as error:
        raise zipfile.BadZipFile(f"{MANIFEST}: {error}") from error
    if isinstance(found, dict) and found.get("format") != FORMAT:
        raise EvenfoldError(
            f"{path}: a bundle of the form {found.get('format')}, and this version of "
            f"evenfold ({__version__}) reads {FORMAT}. Install the one that made it "
            f"({found.get('evenfold')})."
        )
    return Bundle.of(found, f"{path}: {MANIFEST}")


def _stored(path, bundle, name, digest) -> bytes:
    """A file of a bundle, if it is the one that was put there."""
    entry = bundle.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > _LARGEST:
        # What is compressed may be a thousand times as large as the file.
        raise EvenfoldError(
            f"{path}: {name} in it is compressed or too large, as evenfold writes none."
        )
    data: bytes = bundle.read(entry)
    if digest is not None and sha256(data).hexdigest() != digest:
        raise EvenfoldError(
            f"{path}: {name} in it is not what was exported. Export it again "
            "(`evenfold export`)."
        )
    return data


def _training(path: Path) -> bytes:
    """Ids and sequences of the training rows; their labels are not needed elsewhere."""
    out = io.BytesIO()
    pq.write_table(training_sequences(path), out)
    return out.getvalue()


def requirements() -> str:
    """What scoring needs, in the versions that are installed here.

    Returns
    -------
    str
        As pip reads it; evenfold itself is installed after it, with --no-deps: before it,
        pip tells an error of all that evenfold lacks.
    """
    lines = [
        "# For `evenfold predict` alone: pip install -r requirements.txt, and then",
        f"# pip install --no-deps evenfold=={__version__} (or the repository of that version).",
    ]
    for name in REQUIREMENTS:
        try:
            # A build, such as +cpu, is of one index alone.
            lines.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            lines.append(name)
    return "\n".join(lines) + "\n"


def card(results: Results, selection: Selection) -> str:
    """What the champion is, for those who get a bundle.

    Parameters
    ----------
    results : Results
    selection : Selection

    Returns
    -------
    str
        Markdown: the run's model card, or what is known before there is one.
    """
    found = results.path("model_card")
    if found.is_file():
        return found.read_text(encoding="utf-8")
    learned = selection.learned
    return (
        f"# {selection.champion} of {selection.dataset}\n\n"
        f"Selection {selection.selection}, by evenfold {selection.records.evenfold}. "
        f"{selection.why} {learned.made_for if learned else ''} The test set was not "
        "looked at, and no model card was made.\n"
    )
