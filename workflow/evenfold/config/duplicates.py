"""Losses that are one loss on the data at hand.

On balanced training data cross entropy, balanced weights, class-balanced weights and
logit adjustment are the same loss; training each would compare noise. Needs numbers
alone, no torch; a test holds the weights to those of `evenfold.losses`.
"""

import math

#: Settings that decide how a loss is trained, apart from the loss itself.
_TRAINED_BY = ("warmup_epochs", "learning_rate_factor")


def resolved(settings: dict, prior: float, rows: float) -> tuple[dict, float]:
    """What a loss amounts to at a share of positives.

    Parameters
    ----------
    settings : dict
        `name` and the settings of a loss.
    prior : float
        Share of positives in the training rows.
    rows : float
        Training rows.

    Returns
    -------
    tuple of (dict, float)
        The form of the loss, and how far it shifts the logits: cross entropy is
        ({"name": "bce"}, 0), class weights are ({"name": "bce"}, log(w1 / w0)).
    """
    own = {k: v for k, v in settings.items() if k not in _TRAINED_BY}
    extra = {k: settings[k] for k in _TRAINED_BY}
    odds = math.log(prior / (1 - prior))
    name, plain = (
        own["name"],
        {"name": "bce", "learning_rate_factor": extra["learning_rate_factor"]},
    )
    if name == "wbce":
        balanced = own["mode"] == "balanced"
        return plain, -odds if balanced else math.log(own["fn_weight"])
    if name == "class_balanced":
        logs = math.log(own["beta"])
        positive, negative = (
            -1 / math.expm1(share * rows * logs) for share in (prior, 1 - prior)
        )
        return plain, math.log(positive / negative)
    if name == "logit_adjusted":
        # Not a weight: the same as cross entropy only where the shift is nothing.
        return {**plain, "name": "logit_adjusted"}, own["tau"] * odds
    if name == "focal" and own["gamma"] == 0:
        alpha = 1 - prior if own["alpha"] is None else own["alpha"]
        return plain, math.log(alpha / (1 - alpha))
    nothing = {
        "bce": True,
        "label_smoothing": own.get("epsilon") == 0,
        "poly1": own.get("epsilon") == 0,
        "asl": not any(
            own.get(k) for k in ("gamma_positive", "gamma_negative", "margin")
        ),
        "ldam": own.get("max_margin") == 0 and own.get("scale") == 1,
    }
    if nothing.get(name):
        return plain, 0.0
    one_f = {"name": "soft_fbeta", **extra}
    if name == "soft_fbeta":
        return {**one_f, "beta": own["beta"]}, 0.0
    if name == "sigmoid_f1" and (own["slope"], own["offset"]) == (1, 0):
        return {**one_f, "beta": 1.0}, 0.0
    if name == "tversky" and own["gamma"] == 1 and own["alpha"] + own["beta"] == 1:
        beta = math.sqrt(own["beta"] / own["alpha"]) if own["alpha"] else math.inf
        return {**one_f, "beta": beta}, 0.0
    return {**own, **extra}, 0.0


def difference(
    one: dict, other: dict, priors: list[float], rows: list[float]
) -> float | None:
    """How far two losses shift the logits apart, or None if they are different losses.

    Parameters
    ----------
    one, other : dict
        Settings of losses.
    priors, rows : list of float
        Share of positives and number of training rows, for every fold's members.

    Returns
    -------
    float or None
        Largest absolute difference over the folds, on the scale of logits.
    """
    largest = 0.0
    for prior, n in zip(priors, rows):
        (form, shift), (other_form, other_shift) = (
            resolved(settings, prior, n) for settings in (one, other)
        )
        if form != other_form:
            # A logit adjustment meets the others at no shift.
            names = {form["name"], other_form["name"]}
            if names != {"bce", "logit_adjusted"} or (
                form["learning_rate_factor"] != other_form["learning_rate_factor"]
            ):
                return None
            largest = max(largest, abs(shift), abs(other_shift))
        else:
            largest = max(largest, abs(shift - other_shift))
    return largest


def twin(
    settings: dict,
    earlier: dict[str, dict],
    priors: list[float],
    rows: list[float],
    tolerance: float,
) -> tuple[str, float] | None:
    """The first earlier variant that has the same loss on these data, if any.

    Parameters
    ----------
    settings : dict
        Settings of a variant's loss.
    earlier : dict of str to dict
        Losses of the variants before it that train alike, by name.
    tolerance : float
        Largest difference on the scale of logits.

    Returns
    -------
    tuple of (str, float) or None
        Its name and the difference.
    """
    for name, other in earlier.items():
        apart = difference(settings, other, priors, rows)
        if apart is not None and apart <= tolerance:
            return name, apart
    return None
