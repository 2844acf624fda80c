"""The report's comparison with the published split: what related sequences are worth."""

from evenfold.evaluation.looking import published_name, with_published
from evenfold.records.layout import PUBLISHED


def own_rows(metrics: list[dict]) -> list[dict]:
    """Rows of metrics.tsv that are of the honest split."""
    return [row for row in metrics if not row["variant"].startswith(f"{PUBLISHED}/")]


def comparison(selection, metrics, status, published, audit, split) -> dict:
    """Both splits side by side.

    Parameters
    ----------
    selection : dict
        The frozen selection of the honest split.
    metrics : list of dict
        Rows of metrics.tsv; empty before the look.
    status : dict or None
        The evaluation, whose `published` is the champion's paired difference.
    published, audit, split : dict
        Selection, audit and facts of the published split.

    Returns
    -------
    dict
        `rows` (one per variant: operating points `oof`, `oof_published`, `test` and
        `test_published`), and what the text tells.
    """
    # The last row of a variant is its deployed operating point.
    tested = {row["variant"]: row for row in metrics}
    everything = with_published(selection, published)["variants"]
    rows = [
        {
            "name": name,
            "champion": name == selection["champion"],
            "oof": one["oof"],
            "oof_published": everything[other]["oof"],
            "test": tested.get(name),
            "test_published": tested.get(other),
        }
        for name, one in selection["variants"].items()
        for other in (published_name(published, name),)
    ]
    near, across = audit["test_to_train"], audit["fold_to_fold"]
    return {
        "rows": rows,
        "n_train": split["n_train"],
        "related": split["related_sequences"],
        "near": near["close"],
        "near_of": near["searched"],
        "across": across["close"] / across["searched"],
        "difference": (status or {}).get("published") or None,
    }


def told(compared: dict) -> list[dict]:
    """What the top of the report says about it."""
    (row,) = (row for row in compared["rows"] if row["champion"])
    keys = ("test", "test_published") if row["test"] else ("oof", "oof_published")
    where = "on the test set" if row["test"] else "out-of-fold"
    honest, published = (row[key]["mcc"] for key in keys)
    text = (
        f"Trained as most papers do, with relatives of the test set left in and folds at "
        f"random, {row['name']} would show MCC {published:.2f} {where} instead of "
        f"{honest:.2f}: see “Beside the published split”."
    )
    return [{"text": text, "colour": ""}]
