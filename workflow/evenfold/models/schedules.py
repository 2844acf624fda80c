"""Learning rates as functions of the step."""

import math


def learning_rate(schedule: str, peak: float, step: int, steps: int) -> float:
    """Learning rate of one step.

    Parameters
    ----------
    schedule : {'one_cycle', 'cosine', 'constant'}
        Cosine from peak / 25 up to the peak over the first quarter, then down to
        peak / 250,000; cosine from the peak to 0; the peak.
    peak : float
    step : int
        From 0.
    steps : int
        Of the whole run.

    References
    ----------
    Smith and Topin 2019 (one cycle); Loshchilov and Hutter 2017 (cosine); both as in
    torch.optim.lr_scheduler.
    """
    if schedule == "one_cycle":
        top = max(0.25 * steps - 1, 1e-9)
        if step <= top:
            return _cosine(peak / 25, peak, step / top)
        return _cosine(peak, peak / 25e4, (step - top) / (steps - 1 - top))
    if schedule == "cosine":
        return _cosine(peak, 0.0, step / steps)
    return peak


def _cosine(start, stop, share):
    return stop + (start - stop) / 2 * (1 + math.cos(math.pi * share))
