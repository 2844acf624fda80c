"""Notes beside the looks: sealed test sequences that were scored without a look.

Scores of test sequences tell whoever knows their labels what a look would tell. They
are not withheld; that they were made is noted in the folder of the ledger.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import models_at_hand
from evenfold.files import sha256_json
from evenfold.records.evaluation import evaluation_of
from evenfold.records.layout import PUBLISHED, Results
from evenfold.records.notes import Note, SealedSet
from evenfold.records.selection import Selection
from evenfold.records.sequences import SplitFacts
from evenfold.records.tables import SEQUENCES
from evenfold.saying import verb
from evenfold.sequences.sketch import held, same_summary, sketches, summary

_NAMED = re.compile(r"note-[0-9a-f]{16}\.json")


def sealed_set(results: Results) -> SealedSet | None:
    """The test set that a selection holds sealed.

    Parameters
    ----------
    results : Results
        Of the selection.

    Returns
    -------
    SealedSet or None
        None where the selection's look was taken, or nothing is known of a test set.
    """
    path = results.path("sequences")
    if not path.is_file() or _looked(results):
        return None
    selection = Selection.read(results.path("selection"))
    frame = SEQUENCES.frame(path, ["sequence", "role"])
    test = sketches(frame.loc[frame["role"] == "test", "sequence"])
    split = results.path("split_facts")
    held_out = split.is_file() and SplitFacts.read(split).held_out
    # A test set that evenfold drew is known by the whole data set, as in a look.
    key = sketches(frame["sequence"]) if held_out else test
    return SealedSet(
        selection=selection.selection,
        dataset=selection.dataset,
        sequences=test,
        test_set=summary(key),
    )


def _looked(results: Results) -> bool:
    """Whether the selection's look was taken; that of a published split is its data set's."""
    own = Results(results.root, results.dataset.removesuffix(f"/{PUBLISHED}"))
    found = evaluation_of(own)
    if found is None or not own.path("selection").is_file():
        return False
    current = Selection.read(own.path("selection"))
    if found.status != "evaluated" or found.selection != current.selection:
        return False
    # Of models that were trained again the test set tells nothing yet.
    models = found.look.models if found.look else None
    return models is None or models in models_at_hand(own, current)


def note_of(sealed: SealedSet, sequences: list[str]) -> Note | None:
    """What is to be noted when sequences are scored.

    Parameters
    ----------
    sealed : SealedSet
    sequences : list of str
        All that are scored.

    Returns
    -------
    Note or None
        None where none of them is of the sealed test set.
    """
    count = len(found_in(sealed, sequences))
    return note_of_count(sealed, count) if count else None


def found_in(sealed: SealedSet, sequences: list[str]) -> list[str]:
    """Sketches of the sequences that are of a sealed test set.

    Parameters
    ----------
    sealed : SealedSet
    sequences : list of str

    Returns
    -------
    list of str
        Each once: those of parts of a file are those of the file, joined.
    """
    return held(sequences, sealed.sequences)


def note_of_count(sealed: SealedSet, count: int) -> Note:
    """The note that so many of a sealed test set were scored.

    Parameters
    ----------
    sealed : SealedSet
    count : int

    Returns
    -------
    Note
    """
    return Note(
        selection=sealed.selection,
        dataset=sealed.dataset,
        count=count,
        among=len(sealed.sequences),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        test_set=sealed.test_set,
    )


def told(note: Note) -> str:
    """What is said when sealed test sequences are scored.

    Parameters
    ----------
    note : Note

    Returns
    -------
    str
    """
    return (
        f"{note.count} of the sequences {verb(note.count, 'is, or nearly is,', 'are, or nearly are,')} "
        f"among the {note.among} test "
        f"sequences of {note.dataset}, which the selection {note.selection} holds sealed: "
        "to whoever knows their labels, these scores are a look at the test set."
    )


def leave(folder: str | Path, note: Note) -> Path:
    """Leave a note in the folder of a ledger; the same once more changes nothing.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.
    note : Note

    Returns
    -------
    Path
        Of the note.

    Raises
    ------
    EvenfoldError
        When the folder cannot be written.
    """
    same = {key: value for key, value in note.dump().items() if key != "when"}
    path = Path(folder, f"note-{sha256_json(same)[:16]}.json")
    try:
        if not path.is_file():
            note.write(path)
    except OSError as error:
        raise EvenfoldError(
            f"{folder}: no note of it could be left in the ledger ({error.strerror}), so "
            "no report will show it. Make the folder writable and score them again."
        ) from error
    return path


def notes(folder: str | Path) -> list[Note]:
    """All notes in the folder of a ledger, the oldest first.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of Note

    Raises
    ------
    EvenfoldError
        With the note that does not fit.
    """
    # Copies and other files that a synced folder leaves have other names.
    named = [p for p in Path(folder).glob("note-*.json") if _NAMED.fullmatch(p.name)]
    found = [Note.read(path) for path in named]
    return sorted(found, key=lambda note: (note.when, note.selection, note.count))


def notes_at(folder: str | Path, key: list[str]) -> list[Note]:
    """Notes of one test set, recognised by content.

    Parameters
    ----------
    folder : path-like
    key : list of str
        Sketches of the sequences that identify the test set.

    Returns
    -------
    list of Note
        Without the sketches, which would be the test set's own once more each.
    """
    own = summary(key)
    return [
        note.model_copy(update={"test_set": []})
        for note in notes(folder)
        if same_summary(note.test_set, own)
    ]
