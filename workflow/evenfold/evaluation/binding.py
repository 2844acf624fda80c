"""What a look is bound to: what was asked, the models, and the labels of the test set."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from evenfold.evaluation.ledger import Look
from evenfold.files import sha256_rows
from evenfold.records.evaluation import (
    ChangedLabels,
    Correction,
    Intent,
    Permission,
    SinceLook,
    evaluation_of,
)
from evenfold.records.layout import Results
from evenfold.records.selection import SCHEMA, Request, Selection
from evenfold.saying import verb


def labels_digest(labels: dict[str, int]) -> str:
    """Digest of the labels of a test set, in whatever order.

    Parameters
    ----------
    labels : dict of str to int
        By id.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return sha256_rows(sorted(f"{i}\t{label}" for i, label in labels.items()))[:16]


def same_request(intent: Intent, selection: Selection) -> bool:
    """Whether a look was taken for what a selection asks.

    A look that an earlier version recorded, with other identifiers, stays the look of
    its data set: nobody is locked out by an upgrade.

    Parameters
    ----------
    intent : Intent
        Of a look at the selection's test set.
    selection : Selection

    Returns
    -------
    bool
    """
    if intent.selection == selection.selection:
        return True
    return intent.schema_version < SCHEMA and (
        intent.dataset == selection.dataset or intent.weights == _weights(selection)
    )


def same_models(intent: Intent, selection: Selection) -> bool:
    """Whether a look was taken with the models of a selection.

    Parameters
    ----------
    intent : Intent
    selection : Selection

    Returns
    -------
    bool
    """
    if intent.models is not None:
        return intent.models == selection.models
    return not any(_changed(intent, selection))


def since_look(look: Look, selection: Selection) -> SinceLook | None:
    """What to tell where the models at hand are others than those looked at.

    Parameters
    ----------
    look : Look
        For what the selection asks.
    selection : Selection

    Returns
    -------
    SinceLook or None
        None where they are the same, and recorded by this version.
    """
    intent = look.intent
    told = []
    if intent.schema_version < SCHEMA:
        told.append(
            f"The look of {_day(intent)} was recorded by evenfold {intent.evenfold}, "
            "which identified selections in another way: it stays the look of this data "
            "set."
        )
    if same_models(intent, selection):
        if not told:
            return None
        return SinceLook(changed=[], told=told[0])
    # Calibrators are not recorded one by one.
    changed = list(_changed(intent, selection)) or ["the calibration"]
    again = any(what.startswith("the weights") for what in changed)
    told.append(
        f"These models were {'trained' if again else 'tuned'} again since the look of "
        f"{_day(intent)}; the result shown is that of the models looked at "
        f"(other now: {', '.join(changed)})."
    )
    return SinceLook(
        changed=changed,
        told=" ".join(told),
        to_look_again=Permission(
            selection=selection.selection,
            models=selection.models,
            reason="why a further look is justified",
        ),
    )


def models_at_hand(results: Results, selection: Selection) -> set[str]:
    """Digests by which a look may know the models of a run.

    Parameters
    ----------
    results : Results
    selection : Selection
        Its own.

    Returns
    -------
    set of str
        Also of the models with those of the published split beside them, if there is one.
    """
    published = results.published.path("selection")
    if not published.is_file():
        return {selection.models}
    return {selection.models, selection.beside(Selection.read(published)).models}


def asked_otherwise(then: Request | None, now: Request | None) -> list[str]:
    """What is asked otherwise now than by an earlier look, in words.

    Parameters
    ----------
    then, now : Request or None
        None of version 0.1.0.

    Returns
    -------
    list of str
    """
    if then is None or now is None:
        return []
    found = [
        what
        for what, one, other in (
            ("the training records", then.train, now.train),
            ("the test sequences", then.test, now.test),
            ("code of your own", then.code, now.code),
            ("the file of vectors", then.vectors, now.vectors),
        )
        if one != other
    ]
    before, after = _leaves(then.settings), _leaves(now.settings)
    for key in sorted(before.keys() | after.keys()):
        one, other = (side.get(key, "the default") for side in (before, after))
        if one != other:
            found.append(f"{key}: {one} before, {other} now")
    return found


def _leaves(settings: Any, above: str = "") -> dict[str, str]:
    """Settings by their keys from the top, joined by points."""
    if not isinstance(settings, dict):
        return {above: str(settings)}
    found: dict[str, str] = {}
    for key, inside in settings.items():
        found |= _leaves(inside, f"{above}.{key}" if above else key)
    return found


def not_looked_at(results: Results) -> str | None:
    """What to tell of models at hand whose result the test set did not give.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str or None
        None where they are those looked at, or none were.
    """
    evaluation = evaluation_of(results)
    if evaluation is None or evaluation.look is None:
        return None
    look, since = evaluation.look, evaluation.since_look
    selection = Selection.read(results.path("selection"))
    if evaluation.selection != selection.selection:
        return (
            f"The test result in {results.path('evaluation').parent} is of another selection "
            f"({evaluation.selection}) than these models ({selection.selection}), which "
            "were not looked at."
        )
    known = look.models
    if known:
        other = known not in models_at_hand(results, selection)
    else:
        other = bool(since and since.changed)
    if not other:
        return None
    return (
        "These models were trained again since the look of "
        f"{_date(look.looked_at)}; the test result in the report is that of the models "
        "looked at, not of these."
    )


def changed_labels(
    look: Look, labels: dict[str, int], selection: Selection
) -> ChangedLabels | None:
    """What to tell where labels of the test set were changed since a look.

    Parameters
    ----------
    look : Look
        Completed.
    labels : dict of str to int
        Those at hand, by id.
    selection : Selection

    Returns
    -------
    ChangedLabels or None
    """
    then = stored_labels(look)
    changed = sum(1 for i, label in then.items() if labels.get(i, label) != label)
    # Data that were cleaned or split otherwise may have other test sequences.
    same = look.intent.decides.split == selection.decides.split
    missing = len(then.keys() - labels.keys()) if same else 0
    if not (changed or missing):
        return None
    gone = (
        f" {missing} of its sequences {verb(missing, 'has', 'have')} no label any more."
        if missing
        else ""
    )
    return ChangedLabels(
        changed=changed,
        missing=missing,
        told=(
            f"{changed} of {len(then)} labels of the test set "
            f"{verb(changed, 'was', 'were')} changed since the look "
            f"of {_day(look.intent)}: the result shown is under the labels of the look."
            f"{gone}"
        ),
        to_amend=Correction(
            selection=selection.selection,
            labels=labels_digest(labels),
            reason="why the labels were changed",
        ),
    )


def stored_labels(look: Look) -> dict[str, int]:
    """Labels that a look stored, by id.

    Parameters
    ----------
    look : Look
        Completed.

    Returns
    -------
    dict of str to int
    """
    one = look.predictions().drop_duplicates("id")
    return dict(zip(one["id"], one["label"].astype(int)))


def _changed(intent: Intent, selection: Selection) -> Iterator[str]:
    """What of the models at hand is other than what was looked at, in words."""
    if intent.decides.data != selection.decides.data:
        yield "the cleaned data"
    if intent.decides.split != selection.decides.split:
        yield "the split"
    now = _weights(selection)
    names = [*now, *(name for name in intent.weights if name not in now)]
    others = [name for name in names if now.get(name) != intent.weights.get(name)]
    if others:
        yield f"the weights of {', '.join(others)}"
    then = intent.thresholds
    points = [
        name
        for name, frozen in selection.variants.items()
        if name in then and then[name] != frozen.threshold
    ]
    if points:
        yield f"the threshold of {', '.join(points)}"
    if intent.champion != selection.champion:
        yield f"the champion, {selection.champion} in place of {intent.champion}"


def _weights(selection: Selection) -> dict[str, str]:
    return {name: frozen.weights_sha256 for name, frozen in selection.variants.items()}


def _day(intent: Intent) -> str:
    return _date(intent.looked_at)


def _date(time: str) -> str:
    try:
        return datetime.fromisoformat(time).strftime("%-d %B %Y")
    except ValueError:
        return time  # Changed by hand, which `verify` tells.
