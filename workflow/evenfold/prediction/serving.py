"""A small page on this machine: sequences pasted, calls with trust, the table to keep.

It scores with the code of `evenfold predict`, from a file in a folder that is removed.
"""

import csv
import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evenfold.errors import EvenfoldError
from evenfold.explaining.residues import changes, logits_of, places_of
from evenfold.faults import listening
from evenfold.prediction.inputs import items_of
from evenfold.prediction.predicting import Predictor
from evenfold.prediction.streaming import Asked, Counts, score_files
from evenfold.sequences.cleaning import clean_sequence

#: Bytes, sequences and rows that are answered at once; a larger file is for `predict`.
BYTES, SEQUENCES, ROWS = 1 << 20, 1000, 20_000
#: Sequences whose residues are shown, and the longest of them.
SHOWN, LONGEST = 20, 120
#: Change of the logit from which a residue is marked, and marked strongly: of the score
#: itself nothing is left to change where it is near 0 or 1.
_SOME, _MUCH = 0.25, 1.0
#: A page of its own, that loads nothing and is framed by nobody.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Answer:
    """What a page shows of some sequences.

    Attributes
    ----------
    table : bytes
        The table that `evenfold predict` writes.
    columns : list of str
    scores, rejected : list of list of str
    residues : list of tuple
        Of a sequence its id, and each letter with its mark and the change in words.
    unshown : str
        Whose residues are not shown, and why; empty where all are.
    """

    table: bytes
    columns: list[str]
    scores: list[list[str]]
    rejected: list[list[str]]
    residues: list[tuple[str, list[tuple[str, str, str]]]]
    unshown: str = ""


def answer(predictor: Predictor, text: str, before: Callable[[Counts], None]) -> Answer:
    """Score pasted sequences.

    Parameters
    ----------
    predictor : Predictor
    text : str
        As a file would have it.
    before : callable
        See `score_files`.

    Returns
    -------
    Answer

    Raises
    ------
    EvenfoldError
        Nothing to score, or more than is answered at once.
    """
    if not text.strip():
        raise EvenfoldError("no sequences: paste some.")
    with tempfile.TemporaryDirectory(prefix="evenfold-") as aside:
        folder = Path(aside)
        pasted = folder / "pasted"
        pasted.write_text(text, encoding="utf-8", newline="")
        try:
            sequences = _within_limits(predictor, pasted)
            asked = Asked([str(pasted)], folder / "scores.tsv", folder / "rejected.tsv")
            score_files(predictor, asked, before=before)
        except EvenfoldError as error:
            raise EvenfoldError(str(error).replace(f"{folder}/", "")) from error
        table = asked.out.read_bytes()
        columns, *scores = _rows(asked.out)
        rejected = [
            [cell.replace(f"{folder}/", "") for cell in row]
            for row in _rows(asked.rejected)[1:]
        ]
    scored = {row[0]: sequences[row[0]] for row in scores}
    short = [name for name, s in scored.items() if len(s) <= LONGEST][:SHOWN]
    residues = [(name, deciding(predictor, scored[name])) for name in short]
    why = unshown(scored, bool(predictor.features.vectors))
    shown = [row for row in residues if row[1]]
    return Answer(table, columns, scores, rejected, shown, why)


def unshown(scored: dict[str, str], vectors: bool) -> str:
    """Whose residues are not shown, and why.

    Parameters
    ----------
    scored : dict of str to str
        Sequences by their ids.
    vectors : bool
        Whether the features are vectors of a language model.

    Returns
    -------
    str
        Empty where all are shown.
    """
    if not scored:
        return ""
    if vectors:
        return "Not shown: the model reads the vectors of a language model."
    long = [name for name, s in scored.items() if len(s) > LONGEST]
    told = []
    if (short := len(scored) - len(long)) > SHOWN:
        told.append(f"The first {SHOWN} of {short} are shown.")
    if long:
        names = ", ".join(long[:5]) + (" and others" if len(long) > 5 else "")
        told.append(f"Longer than {LONGEST} residues, and not shown: {names}.")
    return " ".join(told)


def _within_limits(predictor: Predictor, path: Path) -> dict[str, str]:
    """Sequences by their ids, if they are few enough."""
    found: dict[str, str] = {}
    for number, item in enumerate(items_of([(str(path), path)], predictor.reading), 1):
        found |= {record.id: record.sequence for record in item.records}
        if number > SEQUENCES or len(found) > ROWS:
            raise EvenfoldError(
                f"more than {SEQUENCES} sequences, or {ROWS} sites: score a file with "
                "`evenfold predict`."
            )
    return found


def deciding(predictor: Predictor, sequence: str) -> list[tuple[str, str, str]]:
    """How much each residue of a sequence changes the logit of its score.

    Parameters
    ----------
    predictor : Predictor
    sequence : str

    Returns
    -------
    list of tuple of str
        Letter, mark (`up2`, `up`, `down`, `down2` or none), and the change in words; empty
        where the features need a language model.
    """
    if predictor.features.vectors:
        return []
    letters, _ = clean_sequence(sequence, predictor.cleaning)
    places = places_of(letters)
    # A sequence of unknown residues alone has no composition to speak of.
    if len(places) < 2:
        return []
    logits = logits_of(predictor.ensemble, predictor.features)
    (found,) = changes(logits, [letters], [places])
    change = dict(zip(places, found.tolist()))
    return [
        (letter, _mark(change[p]), f"{letter}{p + 1}: {change[p]:+.3f}")
        if p in change
        else (letter, "", "")
        for p, letter in enumerate(letters)
    ]


def _mark(change: float) -> str:
    size = abs(change)
    if size < _SOME:
        return ""
    return ("up" if change > 0 else "down") + ("2" if size >= _MUCH else "")


def _rows(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle, delimiter="\t"))


def application(predictor: Predictor, note: Callable[[Counts], list[str]]) -> Any:
    """The page as a WSGI application.

    Parameters
    ----------
    predictor : Predictor
        Every page shows where its test result is of other models.
    note : callable
        Gives the sentences to show of what was scored, before it is shown.

    Returns
    -------
    flask.Flask

    Raises
    ------
    EvenfoldError
        Where Flask is not installed.
    """
    try:
        import flask
    except ImportError as error:
        raise EvenfoldError(
            "the page needs Flask: pip install 'flask>=3' (MLflow brings it)."
        ) from error

    app = flask.Flask(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=2 * BYTES, MAX_FORM_MEMORY_SIZE=2 * BYTES, MAX_FORM_PARTS=10
    )
    page = Path(__file__).with_name("serving.html").read_text(encoding="utf-8")
    turn = threading.Lock()
    always = [predictor.not_looked_at] if predictor.not_looked_at else []

    def shown(
        text: str = "", error: str = "", found: Answer | None = None, **more: Any
    ):
        return flask.render_template_string(
            page,
            base="",
            predictor=predictor,
            about=_about(predictor),
            most=SEQUENCES,
            text=text,
            error=error,
            legend=LEGEND,
            found=found,
            summed=_summed(found) if found else "",
            rows=rows_of(found) if found else [],
            told=[*always, *more.get("told", [])],
        )

    def scored() -> tuple[str, Answer, list[str]]:
        text = flask.request.form.get("sequences", "")
        if len(text.encode(errors="replace")) > BYTES:
            raise EvenfoldError(
                f"more than {BYTES >> 20} MB: score a file with `evenfold predict`."
            )
        said: list[str] = []
        # One at a time: a page must not take the machine.
        with turn:
            return text, answer(predictor, text, lambda c: said.extend(note(c))), said

    @app.before_request
    def of_this_machine():
        # A name of somebody else's that leads here would let a foreign page read answers.
        host = flask.request.host.rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost"):
            return "This page is for this machine alone.", 403
        return None

    @app.after_request
    def closed(response):
        response.headers.update(_HEADERS)
        return response

    @app.get("/")
    def empty():
        return shown()

    @app.post("/")
    def score():
        try:
            text, found, said = scored()
        except EvenfoldError as error:
            return shown(flask.request.form.get("sequences", ""), str(error)), 400
        return shown(text, found=found, told=said)

    @app.post("/table")
    def table():
        try:
            _, found, _ = scored()
        except EvenfoldError as error:
            return shown(flask.request.form.get("sequences", ""), str(error)), 400
        kept = {"Content-Disposition": 'attachment; filename="predictions.tsv"'}
        return flask.Response(found.table, 200, kept, "text/tab-separated-values")

    @app.errorhandler(413)
    def large(error):
        return shown(
            error="that is too much: score a file with `evenfold predict`."
        ), 413

    return app


#: What the page shows of a row, and what each column means; the table has more.
LEGEND = {
    "id": "as pasted, or a name made of the sequence itself",
    "call": "positive where the score reaches the threshold",
    "score": "what the model says, from 0 to 1",
    "probability": "the score, calibrated, and in brackets its Venn-Abers bounds: they are "
    "fitted apart, so that it may be outside of them",
    "set": "the classes that it may be of, as rarely wrong as the report says; both: the "
    "score cannot tell",
    "domain": "whether it is like the training sequences: inside, at the edge or outside",
    "nearest": "the training sequence most like it, and their identical residues",
    "reason": "what of it is unlike the training sequences",
}


def rows_of(found: Answer) -> list[dict[str, str]]:
    """What the page shows of each sequence, by the names of `LEGEND`.

    Parameters
    ----------
    found : Answer

    Returns
    -------
    list of dict of str to str
        Numbers are rounded; the table has them whole.
    """
    rows = [dict(zip(found.columns, row)) for row in found.scores]
    return [
        {
            "id": row["id"],
            "call": row["class"],
            "score": _short(row["score"]),
            "probability": _between(row),
            "set": row["set"],
            "domain": row["domain"],
            "nearest": f"{row['nearest']} ({float(row['identity']):.0%})"
            if row["nearest"] and row["identity"]
            else "",
            "reason": row["reason"],
        }
        for row in rows
    ]


def _short(number: str) -> str:
    return f"{float(number):.3f}" if number else ""


def _between(row: dict[str, str]) -> str:
    low, high = (_short(row[f"probability_{end}"]) for end in ("low", "high"))
    return _short(row["probability"]) + (f" ({low} to {high})" if low and high else "")


def _summed(found: Answer) -> str:
    """How many were called what, in a sentence."""
    calls = [row[found.columns.index("class")] for row in found.scores]
    called = ", ".join(f"{calls.count(name)} {name}" for name in sorted(set(calls)))
    left = f" {len(found.rejected)} not scored." if found.rejected else ""
    return f"{len(calls)} scored{': ' if called else ''}{called}.{left}"


def _about(predictor: Predictor) -> str:
    """What may be pasted, in a sentence."""
    domain = predictor.trust.domain
    called = f"Called positive from a score of {predictor.threshold:.4f}."
    if predictor.sites:
        residues = predictor.sites.residues
        return f"Whole proteins: every {' or '.join(residues)} is scored. {called}"
    if domain.window:
        around = f" around {' or '.join(domain.centre)}" if domain.centre else ""
        return f"Windows of {domain.window} letters{around}. {called}"
    return f"Whole sequences. {called}"


def serve(app: Any, port: int, ready: Callable[[str], None]) -> None:
    """Serve the page on this machine until it is interrupted.

    Parameters
    ----------
    app : flask.Flask
    port : int
        0: any that is free.
    ready : callable
        Told the address.

    Raises
    ------
    EvenfoldError
        The port is taken, or is none.
    """
    from werkzeug.serving import make_server

    with listening(port) as found:
        # It has a copy of the socket.
        server = make_server("127.0.0.1", port, app, threaded=True, fd=found.fileno())
    # A line for every request says nothing that the page does not.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    ready(f"http://127.0.0.1:{server.port}/")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
