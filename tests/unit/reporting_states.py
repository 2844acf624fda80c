"""States of a run, as valid records: everything is well, but for what a test changes."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evenfold.config.decides import DecidedVariant, Decides
from evenfold.config.grouping import Grouping
from evenfold.config.reading import Reading
from evenfold.config.selection import SelectionSettings
from evenfold.config.split import Split
from evenfold.config.training import Training
from evenfold.records.contributions import (
    ColumnAdds,
    Contributions,
    Explained,
    Position,
    Residue,
)
from evenfold.records.evaluation import (
    Alike,
    AmendmentTold,
    Called,
    ChangedLabels,
    Correction,
    EarlierResult,
    Evaluation,
    LabelsTold,
    LookTold,
    Measured,
    Permission,
    PublishedDifference,
    SinceLook,
    TestCurves,
)
from evenfold.records.learning_curve import (
    LearningCurve,
    Projection,
    Reached,
    Size,
    SizeCurve,
)
from evenfold.records.notes import Note
from evenfold.records.selection import (
    Bands,
    Best,
    CorrectedT,
    Covered,
    DeLong,
    Difference,
    FrozenVariant,
    Grouped,
    InBand,
    Judged,
    Lead,
    McNemar,
    McNemars,
    Provenance,
    Reach,
    Selection,
    Sure,
    Trust,
)
from evenfold.records.selection import Decides as Digests
from evenfold.records.sequences import (
    AboveWindows,
    AuditFacts,
    Closeness,
    Finding,
    GroupingFacts,
    Histogram,
    Probe,
    ProteinProbe,
    Quantiles,
    ShareByLength,
    Shift,
    SourceProteins,
    SplitFacts,
)
from evenfold.records.thresholds import (
    Calibration,
    Calibrator,
    Comparability,
    Curve,
    FoldThresholds,
    NetBenefit,
    Point,
    ProperScores,
    Reliability,
    Stability,
    Tuned,
    Twin,
)
from evenfold.reporting.facts import (
    Facts,
    PublishedSplit,
    ReportSettings,
    RuleTime,
)


def point(**changes) -> Point:
    """An operating point in balance."""
    values = {
        "threshold": 0.4, "tp": 80, "fp": 20, "tn": 80, "fn": 20, "sn": 0.8, "sp": 0.8,
        "gap": 0.0, "mcc": 0.6, "acc": 0.8, "mcc_low": 0.52, "mcc_high": 0.68,
    }  # fmt: skip
    return Point(**(values | changes))


def at_half(**changes) -> Point:
    """The untuned operating point, out of balance."""
    values = {
        "threshold": 0.5, "tp": 60, "fp": 8, "tn": 92, "fn": 40, "sn": 0.6, "sp": 0.92,
        "gap": -0.32, "mcc": 0.55, "acc": 0.76, "mcc_low": 0.45, "mcc_high": 0.64,
    }  # fmt: skip
    return Point(**(values | changes))


def stability(**changes) -> Stability:
    """Folds that agree."""
    values = {
        "thresholds": [0.39, 0.41], "sd_logit": 0.1, "sd_logit_by_chance": 0.1,
        "ratio": 1.0, "range": (0.39, 0.41), "sn": (0.79, 0.81), "sp": (0.79, 0.81),
        "mcc": (0.59, 0.61), "widest": 0.02, "gap_left_out": 0.012,
        "sd_asymptotic": 0.1, "flag": "green",
    }  # fmt: skip
    return Stability(**(values | changes))


def calibration(method: str = "temperature") -> Calibration:
    """A calibration that improves the scores."""
    raw = ProperScores(
        brier=0.21, log_loss=0.62, d2=0.16, ece=0.11, mcb=0.05, dsc=0.09, unc=0.25
    )
    better = raw.model_copy(update={"brier": 0.17, "log_loss": 0.52, "mcb": 0.01})
    curve = Reliability(predicted=[0.1, 0.9], observed=[0.2, 0.8])
    return Calibration(
        calibrator=Calibrator(method=method, slope=0.5),
        scores={"none": raw, method: better, "venn_abers": better},
        curves={"none": curve, method: curve},
        net_benefit=NetBenefit(
            risk=[0.1, 0.5, 0.9],
            raw=[0.4, 0.2, 0.0],
            calibrated=[0.4, 0.25, 0.0],
            all=[0.4, 0.0, -2.0],
        ),
    )


def tuned(**changes) -> Tuned:
    """threshold.json of a variant, tuned for SN = SP."""
    values = {
        "n": 200,
        "n_positive": 100,
        "criterion": "sn_eq_sp",
        "tuned": True,
        "operating_point": "sn_eq_sp",
        "threshold": 0.4,
        "points": {
            "0.5": at_half(),
            "sn_eq_sp": point(),
            "max_mcc": point(threshold=0.45, mcc=0.61),
        },
        "folds": [
            FoldThresholds(
                fold=fold, n=100, n_positive=50, auroc=0.87,
                thresholds={"sn_eq_sp": 0.39 + 0.02 * fold},
            )
            for fold in (0, 1)
        ],
        "stability": stability(),
        "comparability": Comparability(largest_ks=0.1, holm_p=0.7, comparable=True),
        "curve": Curve(
            threshold=[0.1, 0.4, 0.9],
            sn=[0.95, 0.8, 0.2],
            sp=[0.2, 0.8, 0.99],
            mcc=[0.2, 0.6, 0.3],
        ),
        "auroc": 0.87,
        "auprc": 0.86,
        "brier": 0.21,
        "calibration": calibration(),
        "notes": [],
    }  # fmt: skip
    return Tuned(**(values | changes))


def untuned(**changes) -> Tuned:
    """threshold.json of a variant with too few sequences to tune on."""
    values = {
        "tuned": False,
        "operating_point": "0.5",
        "threshold": 0.5,
        "points": {"0.5": at_half()},
        "folds": [
            FoldThresholds(fold=f, n=100, n_positive=5, auroc=0.8, thresholds={})
            for f in (0, 1)
        ],
        "stability": None,
        "calibration": None,
    }
    return tuned(**(values | changes))


def frozen(**changes) -> FrozenVariant:
    """A variant of a selection."""
    values = {
        "loss": "focal",
        "operating_point": "sn_eq_sp",
        "threshold": 0.4,
        "weights_sha256": "w" * 64,
        "threshold_sha256": "t" * 64,
        "oof_sha256": "o" * 64,
        "oof": point(),
        "oof_at_half": at_half(),
        "auroc": 0.87,
        "calibrator": Calibrator(method="temperature", slope=0.5),
        "grouped": Grouped(
            mcc=(0.51, 0.69),
            gap=(-0.05, 0.05),
            tuned_mcc=(0.5, 0.7),
            tuned_gap=(-0.07, 0.07),
        ),
        "retuned": [0.39, 0.4, 0.41],
    }
    return FrozenVariant(**(values | changes))


def difference(**changes) -> Difference:
    """A lead over the baseline that chance does not explain."""
    test = McNemar(only=20, only_reference=5, p=0.004)
    values = {
        "mcc": 0.08, "se": 0.02, "low": 0.04, "high": 0.12, "p": 0.002,
        "p_holm": 0.006, "gap": -0.011, "gap_low": -0.03, "gap_high": 0.01,
        "delong": DeLong(difference=0.03, se=0.01, z=3.0, p=0.003),
        "mcnemar": McNemars(all=test, positives=test, negatives=test),
        "folds": CorrectedT(mean=0.08, se=0.03, t=2.7, p=0.03),
    }  # fmt: skip
    return Difference(**(values | changes))


def selection(**changes) -> Selection:
    """A selection of two variants: focal, well ahead of bce."""
    values = {
        "selection": "5e1ec7ed00000000",
        "dataset": "demo",
        "champion": "focal",
        "why": "focal has the largest out-of-fold MCC.",
        "best": Best(
            variant="focal", of=3, mcc=0.601, mcc_corrected=0.588, mcc_corrected_sd=0.01
        ),
        "baseline": "bce",
        "threshold": 0.4,
        "operating_point": "sn_eq_sp",
        "decides": Digests(data="d" * 64, split="5" * 64, config="c" * 64),
        "records": Provenance(evenfold="0.1.0", python="3.11.9", machine="x86_64"),
        "cleaning": {},
        "variants": {
            "bce": frozen(loss="bce", oof=point(mcc=0.52, mcc_low=0.43)),
            "focal": frozen(),
        },
        "positives": 0.5,
        "deployment_positives": None,
        "groups": 120,
        "groups_positive": 60,
        "groups_negative": 62,
        "against_baseline": {"focal": difference()},
        "simplest": "bce",
        "against_simplest": difference(),
        "same": {},
        "config": {},
        "order": ["bce", "focal"],
    }
    return Selection(**(values | changes))


def covered(**changes) -> Covered:
    """Sets of one class that hold it as promised."""
    values = {
        "groups": 60, "sequences": 150, "share": 0.91, "low": 0.84, "high": 0.95,
        "of_sequences": 0.9,
    }  # fmt: skip
    return Covered(**(values | changes))


def sure(**changes) -> Sure:
    """What is called at two errors."""
    values = {
        "errors": [0.05, 0.1], "one": [0.5, 0.8], "both": [0.5, 0.19],
        "none": [0.0, 0.01], "sn": [0.95, 0.9], "sp": [0.94, 0.88], "mcc": [None, 0.78],
    }  # fmt: skip
    return Sure(**(values | changes))


def sets_judged(**changes) -> Judged:
    """Prediction sets that hold as promised."""
    values = {
        "positive": covered(), "negative": covered(groups=62, sequences=160),
        "sure": sure(),
    }  # fmt: skip
    return Judged(**(values | changes))


def trust(**changes) -> Trust:
    """What is told beside every prediction, at an error of 10 %."""
    values = {
        "error": 0.1, "errors": [0.05, 0.1], "positive_from": [-1.0, -0.5],
        "negative_to": [0.9, 0.4], "logits": [-1.0, 1.0], "probability_low": [0.2, 0.7],
        "probability_high": [0.3, 0.8], "oof": sets_judged(),
    }  # fmt: skip
    return Trust(**(values | changes))


def in_band(**changes) -> InBand:
    """What the champion reaches inside of its domain."""
    values = {
        "band": "inside", "sequences": 270, "groups": 110, "groups_of_class": (55, 57),
        "mcc": 0.62, "mcc_interval": (0.5, 0.73), "sn": 0.81, "sn_interval": (0.7, 0.89),
        "sp": 0.8, "sp_interval": (0.71, 0.87), "positive": covered(groups=55),
        "negative": covered(groups=57),
    }  # fmt: skip
    return InBand(**(values | changes))


def in_bands(**edge) -> list[InBand]:
    """The three bands; of the edge something else."""
    at_edge = {
        "band": "edge", "sequences": 38, "groups": 20, "groups_of_class": (12, 11),
        "mcc": 0.4, "mcc_interval": (0.1, 0.66),
    }  # fmt: skip
    nothing = dict.fromkeys(("mcc", "mcc_interval", "sn", "sn_interval", "positive"))
    outside = {
        "band": "outside",
        "sequences": 2,
        "groups": 1,
        "groups_of_class": (0, 1),
    }
    return [in_band(), in_band(**(at_edge | edge)), in_band(**(outside | nothing))]


def bands(**changes) -> Bands:
    """The domain of the champion."""
    values = {
        "reach": Reach(
            aligner="spaced seeds, ungapped", identity=(0.1, 0.24), residues=(18, 31),
            mean=dict.fromkeys("ACDEFGHIKLMNPQRSTVWY", 0.05), distance=(0.34, 0.52),
        ),
        "oof": in_bands(),
    }  # fmt: skip
    return Bands(**(values | changes))


def lead(**changes) -> Lead:
    """A lead that chance alone gives, of one variant over the other."""
    values = {"over": "bce", "of": 2, "mcc": 0.012, "se": 0.021, "by_chance": 0.0215}
    return Lead(**(values | changes))


def best(**changes) -> Best:
    """The largest out-of-fold MCC, of three variants."""
    return selection().best.model_copy(update=changes)


def closeness(**changes) -> Closeness:
    """Nearest partners that are far."""
    values = {
        "aligner": "Smith-Waterman", "searched": 40, "of": 50, "close": 0,
        "close_by_chance": 0.0,
        "quantiles": Quantiles(**{"median": 0.21, "95 %": 0.27, "maximum": 0.29}),
        "histogram": Histogram(counts=[30, 10], edges=[0.0, 0.25, 0.5]),
    }  # fmt: skip
    return Closeness(**(values | changes))


def finding(**changes) -> Finding:
    """A finding that nothing is wrong."""
    values = {
        "severity": "ok", "about": "leak", "title": "no test sequence is near",
        "detail": "The nearest is far.", "n": 0, "examples": [],
    }  # fmt: skip
    return Finding(**(values | changes))


def probe(**changes) -> Probe:
    """A trivial predictor that the models see and that is far behind them."""
    values = {
        "name": "length", "what": "the length", "seen": True, "n": 200, "sn": 0.55,
        "sp": 0.56, "mcc": 0.11, "auroc": 0.57,
    }  # fmt: skip
    return Probe(**(values | changes))


def audit(**changes) -> AuditFacts:
    """An audit without a fault."""
    values = {
        "findings": [finding()],
        "test_to_train": closeness(),
        "fold_to_fold": closeness(of=200, searched=150),
        "probes": [probe(), probe(name="counts", what="residue counts", seen=False)],
        "shift": Shift(
            auroc=0.52,
            median_length=(31.0, 30.0),
            residues={"K": (0.061, 0.068), "A": (0.082, 0.078)},
        ),
    }
    return AuditFacts(**(values | changes))


def source_proteins(**changes) -> SourceProteins:
    """Sites of whole proteins, of which long ones have fewer positives."""
    above = {
        "auroc": 0.822, "auroc_with": 0.848, "auroc_difference": (0.02, 0.032),
        "within": 0.854, "within_interval": (0.84, 0.868), "within_with": 0.857,
        "within_difference": (-0.002, 0.008),
    }  # fmt: skip
    own = {key: changes.pop(key) for key in list(changes) if key in above}
    values = {
        "champion": "focal",
        "proteins": 40,
        "with_positive": 39,
        "sites": 200,
        "pairs": 300,
        "exact": True,
        "probes": [
            ProteinProbe(
                name="length", what="the length of the protein", auroc=0.65, within=0.5
            ),
            ProteinProbe(
                name="relatives", what="the relatives", auroc=0.63, within=None
            ),
        ],
        "above_windows": AboveWindows(**(above | own)),
        "by_length": [
            ShareByLength(low=46, high=213, positives=0.68),
            ShareByLength(low=214, high=900, positives=0.28),
        ],
    }
    return SourceProteins(**(values | changes))


def split(**changes) -> SplitFacts:
    """A split of 200 training and 150 test sequences."""
    values = {
        "policy": "drop", "held_out": False, "folds": 5, "related": {},
        "related_sequences": 0, "n_train": 200, "n_test": 150, "n_train_positive": 100,
        "fold_sizes": [40] * 5, "fold_positives": [20] * 5, "rejected": 3, "longest": 31,
    }  # fmt: skip
    return SplitFacts(**(values | changes))


def grouping(**changes) -> GroupingFacts:
    """Groups by homology alone."""
    values = {
        "sequences": 350, "distinct": 348, "groups": 300, "largest_group": 7,
        "sources": 0, "settings": {}, "aligned_by": {"MMseqs2": 340, "SWIPE": 0},
        "exhaustive": False, "similar_pairs": {}, "missed": None,
    }  # fmt: skip
    return GroupingFacts(**(values | changes))


def measured(**changes) -> Measured:
    """A row of metrics.tsv: the champion, deployed, in balance."""
    values = {
        "dataset": "demo", "variant": "focal", "loss": "focal",
        "operating_point": "sn_eq_sp", "threshold": 0.4, "n": 150, "groups": 140,
        "tp": 60, "fp": 16, "tn": 59, "fn": 15, "sn": 0.8, "sp": 0.79, "gap": 0.01,
        "mcc": 0.59, "mcc_low": 0.45, "mcc_high": 0.71, "acc": 0.79, "auroc": 0.86,
        "auprc": 0.85, "unc": 0.25, "brier": 0.22, "log_loss": 0.63, "d2": 0.15,
        "ece": 0.12, "mcb": 0.05, "dsc": 0.09, "brier_calibrated": 0.18,
        "log_loss_calibrated": 0.53, "d2_calibrated": 0.2, "ece_calibrated": 0.04,
        "mcb_calibrated": 0.01, "dsc_calibrated": 0.09, "sn_low": 0.7, "sn_high": 0.87,
        "sp_low": 0.69, "sp_high": 0.86, "gap_low": -0.11, "gap_high": 0.13,
        "mcc_tuning_low": 0.43, "mcc_tuning_high": 0.73, "sn_tuning_low": 0.66,
        "sn_tuning_high": 0.9, "sp_tuning_low": 0.65, "sp_tuning_high": 0.89,
        "gap_tuning_low": -0.19, "gap_tuning_high": 0.21, "champion": True,
        "deployed": True,
    }  # fmt: skip
    return Measured(**(values | changes))


def measured_at_half(**changes) -> Measured:
    """The champion at threshold 0.5: less MCC, out of balance."""
    values = {
        "operating_point": "0.5", "threshold": 0.5, "tp": 45, "fp": 5, "tn": 70,
        "fn": 30, "sn": 0.6, "sp": 0.93, "gap": -0.33, "mcc": 0.56, "mcc_low": 0.42,
        "mcc_high": 0.68, "deployed": False, "mcc_tuning_low": math.nan,
        "mcc_tuning_high": math.nan,
    }  # fmt: skip
    return measured(**(values | changes))


def rows(**changes) -> list[Measured]:
    """metrics.tsv; changes are of the champion's deployed row."""
    other = {"variant": "bce", "loss": "bce", "champion": False}
    return [
        measured_at_half(**other),
        measured(**other, mcc=0.5, operating_point="sn_eq_sp"),
        measured_at_half(),
        measured(**changes),
    ]


def look(**changes) -> LookTold:
    """The first look at a sealed test set, by the selection above."""
    values = {
        "look": 1, "completed": True, "selection": "5e1ec7ed00000000",
        "dataset": "demo", "policy": "sealed", "reason": None,
        "looked_at": "2026-01-02T03:04:05+00:00", "champion": "focal",
    }  # fmt: skip
    return LookTold(**(values | changes))


def alike(**changes) -> Alike:
    """Test sequences as long as the training ones, well called; the others are not."""
    values = {
        "by": "length",
        "limits": (20.0, 40.0),
        "alike": Called(tp=50, fp=10, tn=40, fn=10),
        "other": Called(tp=4, fp=1, tn=24, fn=11),
    }
    return Alike(**(values | changes))


def labels_told(**changes) -> LabelsTold:
    """What the labels of a balanced test set told in the look."""
    values = {
        "positives": 75, "negatives": 75, "train_positives": 100,
        "train_negatives": 100,
    }  # fmt: skip
    return LabelsTold(**(values | changes))


def curves() -> TestCurves:
    """Reliability and net benefit on the test set."""
    curve = {"predicted": [0.2, 0.8], "observed": [0.3, 0.7]}
    return TestCurves(
        reliability={"raw": curve, "calibrated": curve},
        net_benefit={"raw": [0.4, 0.1], "calibrated": [0.4, 0.2]},
        risk=[0.1, 0.5],
    )


def evaluation(**changes) -> Evaluation:
    """evaluation.json of the first look."""
    values = {
        "selection": "5e1ec7ed00000000",
        "status": "evaluated",
        "policy": "sealed",
        "test_set": ["a", "b"],
        "elsewhere": [],
        "look": look(),
        "looks": [look()],
        "probes": [probe(mcc=0.09)],
        "ledger": "/ledger",
        "curves": curves(),
        "groups_of_class": (80, 60),
    }
    return Evaluation(**(values | changes))


def retrained(**changes) -> Evaluation:
    """evaluation.json where the models at hand are others than those looked at."""
    values = {
        "look": look(champion="bce"),
        "since_look": SinceLook(
            changed=["the weights of focal"],
            told="These models were trained again since the look of 2 January 2026.",
            to_look_again=Permission(
                selection="5e1ec7ed00000000", models="ab12", reason="why"
            ),
        ),
    }
    return evaluation(**(values | changes))


def relabelled(**changes) -> Evaluation:
    """evaluation.json where labels of the test set were changed since the look."""
    values = {
        "changed_labels": ChangedLabels(
            changed=20, missing=0,
            told="20 of 150 labels of the test set were changed since the look of 2 "
            "January 2026: the result shown is under the labels of the look.",
            to_amend=Correction(
                selection="5e1ec7ed00000000", labels="cd34", reason="why"
            ),
        ),
    }  # fmt: skip
    return evaluation(**(values | changes))


def amended(**changes) -> Evaluation:
    """evaluation.json of a look that was scored again under corrected labels."""
    row = evaluation_withheld().earlier[0]
    one = AmendmentTold(
        looked_at="2026-01-02",
        labels="cd34",
        amended_at="2026-01-03",
        reason="the curators moved 20",
        changed=20,
        rows=[row],
    )
    return evaluation(**({"amendments": [one]} | changes))


def note(**changes) -> Note:
    """Sealed test sequences were scored, by the selection that looked later."""
    values = {
        "selection": "5e1ec7ed00000000", "dataset": "demo", "count": 12, "among": 150,
        "when": "2026-01-01T02:03:04+00:00", "test_set": [],
    }  # fmt: skip
    return Note(**(values | changes))


def evaluation_withheld(**changes) -> Evaluation:
    """evaluation.json where another selection had looked."""
    earlier = look(selection="0ther00000000000", champion="bce")
    values = {
        "status": "withheld",
        "look": None,
        "looks": [earlier],
        "probes": [],
        "curves": None,
        "earlier": [
            EarlierResult(
                looked_at="2026-01-02", dataset="before", variant="bce",
                operating_point="sn_eq_sp", deployed=True, threshold=0.44, sn=0.71,
                sp=0.72, gap=-0.01, mcc=0.43, mcc_low=0.31, mcc_high=0.55,
            )
        ],
        "told": "not evaluated: this test set was looked at before. To look once more, "
        "add to the configuration:\nallow_look:\n  - selection: 5e1ec7ed00000000",
    }  # fmt: skip
    return evaluation(**(values | changes))


def decides(
    model: str = "feedforward",
    features: Sequence[str] = ("aac", "dpc"),
    given: dict | None = None,
    **losses,
) -> Decides:
    """The resolved configuration; by variant the settings of its loss."""
    losses = losses or {
        "bce": {"name": "bce"},
        "focal": {"name": "focal", "gamma": 2.0},
    }
    return Decides(
        reading=Reading(),
        grouping=Grouping(),
        split=Split(),
        seed=1,
        selection=SelectionSettings(),
        variants={
            name: DecidedVariant(
                loss=loss,
                training=Training(epochs=2, model=model, features=list(features)),
                given=given,
            )
            for name, loss in losses.items()
        },
    )


def settings(**changes) -> ReportSettings:
    """Of two variants."""
    values = {
        "variants": ["bce", "focal"],
        "description": "a small data set",
        "published": [],
        "decides": decides(),
    }
    return ReportSettings(**(values | changes))


def history(epochs: int = 3) -> pd.DataFrame:
    """Two members that learn."""
    return pd.DataFrame(
        {
            "epoch": [*range(1, epochs + 1)] * 2,
            "fold": [0] * epochs + [1] * epochs,
            "seed": 0,
            "learning_rate": 0.001,
            "train_loss": [0.6 - 0.1 * e for e in range(epochs)] * 2,
            "watched_loss": [0.6 - 0.1 * e for e in range(epochs)] * 2,
            "watched_auroc": [0.6 + 0.1 * e for e in range(epochs)] * 2,
            "watched_mcc": 0.4,
            "watched_sn": 0.7,
            "watched_sp": 0.7,
            "positive_weight": 1.0,
        }
    )


def oof(n: int = 200) -> pd.DataFrame:
    """Labels and scores of the champion, a good one."""
    label = np.arange(n) % 2
    return pd.DataFrame(
        {
            "label": label,
            "score": 0.5 + 0.3 * np.sin(np.arange(n)) * 0.8 + 0.2 * label - 0.1,
        }
    )


def called(n: int = 150, **changes) -> pd.DataFrame:
    """Calls of the champion on the test set, each with its nearest in training."""
    values = {
        "id": [f"t{i}" for i in range(n)],
        **oof(n).to_dict("list"),
        "threshold": 0.4,
        "train_id": [f"r{i}" for i in range(n)],
        "identity": np.linspace(0.1, 0.5, n),
        "coverage": 0.9,
    }
    return pd.DataFrame(values | changes)


def residue(letter: str, change: float, n: int = 60, se: float = 0.05) -> Residue:
    """What a residue adds."""
    return Residue(letter=letter, n=n, change=change, se=se)


def positions() -> list[Position]:
    """Five positions, of which the one before the middle decides."""
    letters = {-1: [residue("D", 0.9), residue("S", -0.6), residue("I", 0.01)]}
    return [
        Position(
            place=offset + 3, offset=offset, n=120,
            spread=0.5 if offset in letters else 0.0,
            residues=letters.get(offset, [residue("K", 0.0)]),
        )
        for offset in range(-2, 3)
    ]  # fmt: skip


def model(**changes) -> Explained:
    """What the champion looks at in windows."""
    values = {
        "variant": "focal", "champion": True, "sequences": 120,
        "positions": positions(), "residues": [], "columns": [], "shares": {},
    }  # fmt: skip
    return Explained(**(values | changes))


def contributions(*models: Explained) -> Contributions:
    """contributions.json."""
    return Contributions(models=list(models or [model()]))


def of_proteins(**changes) -> Explained:
    """What boosting on descriptors looks at in sequences of any length."""
    columns = ("aac_K", 0.4, 0.9), ("aac_D", 0.3, -0.8), ("dpc_KK", 0.1, None)
    values = {
        "positions": [],
        "residues": [residue("K", 0.3), residue("D", -0.2)],
        "columns": [
            ColumnAdds(name=n, feature_set=n.split("_")[0], size=size, rises=rises)
            for n, size, rises in columns
        ],
        "shares": {"aac": 0.9, "dpc": 0.1},
        "groups": 40,
    }
    return model(**(values | changes))


def facts(**changes) -> Facts:
    """A finished run with one look, of which nothing has to be noted."""
    values = {
        "dataset": "demo",
        "settings": settings(),
        "selection": selection(),
        "audit": audit(),
        "split": split(),
        "grouping": grouping(),
        "tuned": {"bce": tuned(), "focal": tuned()},
        "history": {"bce": history(), "focal": history()},
        "evaluation": evaluation(),
        "measured": rows(),
        "times": [RuleTime("train", 2, 61.0, 500.0), RuleTime("tune", 2, 1.5, None)],
        "contributions": contributions(),
        "oof": oof(),
        "called": called(),
    }
    return Facts(**(values | changes))


def size_curve(gain=(0.02, 0.006, 0.034), **changes) -> SizeCurve:
    """A curve that still rises; `gain` is what twice the data would add to AUROC."""

    def reached(auroc, mcc):
        kinds = ("auroc", auroc), ("mcc", mcc)
        named = {k: dict(zip(("value", "low", "high"), v)) for k, v in kinds}
        return Reached(**named)

    def level(auroc, mcc):
        return reached(
            (auroc, auroc - 0.02, auroc + 0.02), (mcc, mcc - 0.04, mcc + 0.04)
        )

    values = {
        "name": "focal",
        "champion": True,
        "sizes": [
            Size(
                share=share, asked=share, sequences=round(200 * share),
                groups=round(120 * share), draws=draws,
                reached=level(0.87 - 0.048 * (1 - share), 0.6 - 0.08 * (1 - share)),
            )
            for share, draws in ((0.25, 3), (0.5, 2), (0.75, 2), (1.0, 1))
        ],
        "last_step": reached((0.012, 0.002, 0.022), (0.02, -0.01, 0.05)),
        "doubled": reached(gain, (0.03, -0.01, 0.07)),
        "projected": [
            Projection(factor=factor, reached=level(0.87 + rise, 0.6 + 1.5 * rise))
            for factor, rise in ((0.25, -0.036), (1.0, 0.0), (2.0, 0.02))
        ],
    }  # fmt: skip
    return SizeCurve(**(values | changes))


def curve(*curves: SizeCurve, notes: Sequence[str] = ()) -> LearningCurve:
    """learning_curve.json."""
    return LearningCurve(curves=list(curves), notes=list(notes))


def before_look(**changes) -> Facts:
    """An exploration: no look was taken."""
    values = {"evaluation": None, "measured": [], "called": pd.DataFrame()}
    return facts(**(values | changes))


def withheld(**changes) -> Facts:
    """A run whose look was withheld."""
    values = {
        "evaluation": evaluation_withheld(),
        "measured": [],
        "called": pd.DataFrame(),
    }
    return facts(**(values | changes))


def beside(**changes) -> PublishedSplit:
    """The published split, on which relatives help."""
    better = [
        row.model_copy(update={"variant": f"published/{row.variant}", "mcc": 0.81})
        for row in rows()
    ]
    values = {
        "selection": selection(
            variants={
                "bce": frozen(loss="bce", oof=point(mcc=0.72)),
                "focal": frozen(oof=point(mcc=0.77)),
            }
        ),
        "audit": audit(
            test_to_train=closeness(close=31, searched=150),
            fold_to_fold=closeness(close=60, searched=240),
        ),
        "split": split(n_train=240, related_sequences=33),
        "measured": better,
    }
    return PublishedSplit(**(values | changes))


def compared(**changes) -> Facts:
    """A run with the published split beside it."""
    values = {
        "beside": beside(),
        "evaluation": evaluation(
            published=PublishedDifference(mcc=0.22, low=0.1, high=0.33)
        ),
    }
    return facts(**(values | changes))


def twins(**changes) -> Facts:
    """A run in which two further variants are the same as focal."""
    same = {
        "poly": Twin(same_as="focal", difference=0.0004),
        "copy": Twin(same_as="focal", difference=0.002),
    }
    return facts(**({"selection": selection(same=same)} | changes))


def many(n: int = 27) -> Facts:
    """A run of many variants, no two alike."""
    names = [f"variant{i}" for i in range(n)]
    losses = {
        name: {"name": "focal", "gamma": 1 + 0.1 * i} for i, name in enumerate(names)
    }
    one = selection()
    moved = np.random.default_rng(7).normal(0, 0.03, (n, 4)).round(3)
    rows, own = [], {}
    for name, (sn, sp, mcc, half) in zip(names, moved):
        at = {"mcc": 0.6 + mcc, "mcc_low": 0.5 + mcc, "mcc_high": 0.7 + mcc}
        rows += [
            measured_at_half(
                variant=name,
                champion=name == names[3],
                sn=0.6 + 4 * half,
                sp=0.93 - half,
            ),
            measured(
                variant=name, champion=name == names[3], sn=0.8 + sn, sp=0.79 + sp, **at
            ),
        ]
        own[name] = frozen(oof=point(sn=0.8 + sn, sp=0.8 + sp, **at))
    return facts(
        settings=settings(variants=names, decides=decides(**losses)),
        selection=selection(
            champion=names[3],
            baseline=names[0],
            best=best(variant=names[3], of=n),
            variants=own,
            against_baseline=dict.fromkeys(names[1:], one.against_baseline["focal"]),
            order=names,
        ),
        tuned=dict.fromkeys(names, tuned()),
        history={
            name: history().assign(watched_auroc=lambda h, a=a: h["watched_auroc"] + a)
            for name, a in zip(names, moved[:, 0])
        },
        evaluation=evaluation(look=look(champion=names[3])),
        contributions=contributions(model(variant=names[3])),
        measured=rows,
    )


def own_criterion() -> None:
    """A criterion of a user."""
