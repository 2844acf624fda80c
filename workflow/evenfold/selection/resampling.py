"""Bootstrap over groups of related sequences, for all variants and thresholds at once.

A resample is a weight per row: how often its group was drawn. Rates at fixed calls are
then one matrix product, and re-tuned thresholds are cumulative sums in the order of the
scores; nothing is resampled row by row.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.stats import norm

from evenfold.config.selection import SelectionSettings
from evenfold.metrics.bootstrap import counts_of_calls, group_weights
from evenfold.metrics.counts import matthews
from evenfold.selection.criteria import utility
from evenfold.selection.thresholds import DEFAULTS

#: Share of samples in which a lead of pure chance is within one standard error.
WITHIN_ONE_ERROR = float(norm.cdf(1))


@dataclass(frozen=True)
class Resampled:
    """Rates of every variant in every resample.

    Attributes
    ----------
    mcc, gap : ndarray, shape (resamples, variants)
        At the fixed thresholds: what another sample would show of these classifiers.
    tuned_mcc, tuned_gap, tuned_logit : ndarray, shape (resamples, variants)
        With the threshold tuned anew in the resample, and that threshold.
    unseen_mcc : ndarray, shape (resamples, variants)
        At the re-tuned threshold, on the groups that the resample left out; NaN when
        they lack a class.
    """

    mcc: np.ndarray
    gap: np.ndarray
    tuned_mcc: np.ndarray
    tuned_gap: np.ndarray
    tuned_logit: np.ndarray
    unseen_mcc: np.ndarray


def resample(
    logits: np.ndarray,
    labels: np.ndarray,
    clusters: np.ndarray,
    thresholds: np.ndarray,
    resamples: int,
    seed: int,
    settings: SelectionSettings = DEFAULTS,
) -> Resampled:
    """Bootstrap of groups for several variants on the same rows.

    Parameters
    ----------
    logits : ndarray, shape (variants, n)
    labels, clusters : ndarray of int, shape (n,)
    thresholds : ndarray, shape (variants,)
        Fixed thresholds, on the scale of logits.
    resamples : int
    seed : int
    settings : evenfold.config.selection.SelectionSettings
        Its criterion is what thresholds are re-tuned to; see `criteria.utility`.

    Returns
    -------
    Resampled
    """
    positive = (labels == 1).astype(np.float32)
    called = (logits >= thresholds[:, None]).astype(np.float32)
    orders = [_Order(z, positive) for z in logits]
    parts: dict[str, list[np.ndarray]] = {f.name: [] for f in fields(Resampled)}
    for weights in group_weights(clusters, labels, resamples, seed):
        tp, fp, n1, n0 = counts_of_calls(weights, called, positive)
        parts["mcc"].append(matthews(tp, fp, n0[:, None] - fp, n1[:, None] - tp))
        parts["gap"].append(tp / n1[:, None] - 1 + fp / n0[:, None])
        tuned = [order.tuned(weights, n1, n0, settings) for order in orders]
        for position, name in enumerate(
            ("tuned_mcc", "tuned_gap", "tuned_logit", "unseen_mcc")
        ):
            parts[name].append(np.stack([one[position] for one in tuned], axis=1))
    return Resampled(**{name: np.concatenate(rows) for name, rows in parts.items()})


class _Order:
    """One variant's rows by score, ties together."""

    def __init__(self, logits: np.ndarray, positive: np.ndarray) -> None:
        self.order = np.argsort(-logits, kind="stable")
        z = logits[self.order]
        self.positive = positive[self.order].astype(bool)
        self.last = np.flatnonzero(np.r_[z[1:] != z[:-1], True])
        distinct = z[self.last]
        below = np.r_[distinct[1:], distinct[-1] - 1.0]
        self.middle = distinct + (below - distinct) / 2

    def tuned(
        self,
        weights: np.ndarray,
        n1: np.ndarray,
        n0: np.ndarray,
        settings: SelectionSettings,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """MCC, gap and logit of the re-tuned thresholds, and MCC on unseen groups."""
        sorted_weights = weights[:, self.order]
        tp, fp = self._counts(sorted_weights)
        gap = tp / n1[:, None] - 1 + fp / n0[:, None]
        if settings.criterion == "sn_eq_sp":
            best = np.abs(gap).argmin(axis=1)
        else:
            counts = tp, fp, n1[:, None], n0[:, None]
            value = utility(settings.criterion, *counts, settings.model_dump())
            best = value.argmax(axis=1)
        rows = np.arange(len(best))
        tp, fp, gap = tp[rows, best], fp[rows, best], gap[rows, best]
        left_out = (sorted_weights == 0).astype(np.float32)
        cut = self.last[best]
        inside = np.arange(left_out.shape[1])[None, :] <= cut[:, None]
        called = left_out * inside
        out_tp = (called * self.positive).sum(1)
        out_fp = called.sum(1) - out_tp
        out1 = left_out @ self.positive.astype(np.float32)
        out0 = left_out.sum(1) - out1
        unseen = matthews(out_tp, out_fp, out0 - out_fp, out1 - out_tp)
        unseen = np.where((out1 > 0) & (out0 > 0), unseen, np.nan)
        mcc = matthews(tp, fp, n0 - fp, n1 - tp)
        return mcc, gap, self.middle[best], unseen

    def _counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight called, by class, at every distinct threshold."""
        tp = np.cumsum(weights * self.positive, axis=1)[:, self.last]
        return tp, np.cumsum(weights, axis=1)[:, self.last] - tp


def corrected_best(resampled: Resampled) -> tuple[float, float]:
    """What the best of several variants is worth, without the luck of being the best.

    In every resample the variant with the largest re-tuned MCC is picked and scored on
    the groups that were left out.

    Parameters
    ----------
    resampled : Resampled

    Returns
    -------
    tuple of float
        Mean over the resamples, and their standard deviation.

    References
    ----------
    Tsamardinos et al. 2018, Machine Learning 107:1895 (BBC-CV).
    """
    best = resampled.tuned_mcc.argmax(axis=1)
    values = resampled.unseen_mcc[np.arange(len(best)), best]
    return float(np.nanmean(values)), float(np.nanstd(values, ddof=1))


def leads_by_chance(mcc: np.ndarray, reference: int) -> np.ndarray:
    """Leads over a reference that the best of equal variants reaches by chance.

    With one variant beside the reference it is one standard error of the paired
    difference. With more it is as many standard errors as the largest of all leads
    stays within in the same share of samples (`WITHIN_ONE_ERROR`), by the bootstrap of
    all of them together, so that variants which are much alike count as few.

    Parameters
    ----------
    mcc : ndarray, shape (resamples, variants)
        All on the same resamples.
    reference : int
        Position of the variant that the others are compared to.

    Returns
    -------
    ndarray, shape (variants,)
        0 for the reference, and for a variant that calls everything as it does.

    References
    ----------
    Romano and Wolf 2005, Econometrica 73:1237 (studentised maximum, single step).
    """
    leads = mcc - mcc[:, [reference]]
    error = leads.std(axis=0, ddof=1)
    scaled = (leads - leads.mean(axis=0)) / np.where(error > 0, error, np.inf)
    largest = np.delete(scaled, reference, axis=1).max(axis=1, initial=-np.inf)
    if not np.isfinite(largest).all():
        return np.zeros(mcc.shape[1])
    return float(np.quantile(largest, WITHIN_ONE_ERROR)) * error
