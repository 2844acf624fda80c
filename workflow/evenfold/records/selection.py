"""The record of the frozen selection: what was chosen, from what, and by what."""

import math
from typing import Any

from evenfold.files import sha256_json
from evenfold.records.layout import PUBLISHED
from evenfold.records.record import Interval, Part, Record, Threshold
from evenfold.records.thresholds import HALF, Calibrator, Point, Twin
from evenfold.saying import counted

#: What a request is made of, and how. Raised where that changes: an identifier says
#: nothing under another version.
SCHEMA = 3

#: Version of what intervals mean and of the rule that keeps the simplest variant; 1 drew
#: classes apart, held thresholds fixed, and took one standard error among any number.
STATISTICS = 2

#: Bands of a domain: as the training sequences, as few of them, as none.
BANDS = INSIDE, EDGE, OUTSIDE = "inside", "edge", "outside"


class Request(Part):
    """What was asked; its digest identifies a selection.

    Not what became of it: other releases may clean, group and train better.
    """

    schema_version: int
    """of this record; 1 stood for digests of cleaned data, split and configuration"""
    train: str
    """SHA-256 of the training records as they were read, hexadecimal"""
    test: str | None
    """SHA-256 of the test sequences as they were read; null where they are held out"""
    settings: dict[str, Any]
    """settings that decide and differ from their defaults"""
    code: dict[str, str]
    """digest of each thing of the user's own, by its import path"""
    vectors: dict[str, str]
    """SHA-256 of the file of vectors, by the variant that reads it, hexadecimal"""

    @property
    def identity(self) -> str:
        """What a selection is called: 16 hexadecimal digits."""
        return sha256_json(self.dump())[:16]


class Decides(Part):
    """Digests of cleaned data, split and resolved configuration.

    Until version 0.1.0 they identified a selection.
    """

    data: str
    """SHA-256 of the rows of sequences.parquet, hexadecimal"""
    split: str
    """SHA-256 of the rows of split.parquet, hexadecimal"""
    config: str
    """SHA-256 of `config`, hexadecimal"""


class Provenance(Part):
    """What made the selection; not part of its identity."""

    evenfold: str
    """version of evenfold"""
    python: str
    """version of Python"""
    machine: str
    """architecture of the processor, such as x86_64"""
    versions: dict[str, str] | None = None
    """versions of the libraries that decide numbers; absent of earlier versions"""
    absent = ("versions",)


class Lead(Part):
    """Lead of the best variant over a simpler one, beside what chance alone gives."""

    over: str
    """the simpler variant"""
    of: int
    """variants compared, twins aside"""
    mcc: float
    """MCC less the simpler one's, both as deployed out-of-fold, 0 to 2"""
    se: float
    """standard error of that, by the bootstrap over groups, tuning counted in"""
    by_chance: float
    """what the best of as many equal variants leads by in 84 of 100 samples at most"""

    @property
    def tie(self) -> bool:
        """Whether chance alone would give as much."""
        return self.mcc <= self.by_chance

    @property
    def chance(self) -> str:
        """What it is compared with, in words."""
        errors = self.by_chance / self.se if self.se > 0 else 0.0
        return (
            f"the {self.by_chance:.3f} ({errors:.1f} standard errors) by which the best "
            f"of {self.of} equal variants leads in 84 of 100 samples at most"
        )


class Best(Part):
    """The largest out-of-fold MCC, and what is left of it without the luck."""

    variant: str
    """variant with the largest out-of-fold MCC"""
    of: int
    """variants compared, twins aside"""
    mcc: float
    """its out-of-fold MCC at its deployed threshold, -1 to 1"""
    mcc_corrected: float
    """mean MCC of the best on left-out groups, -1 to 1"""
    mcc_corrected_sd: float
    """standard deviation of that MCC over the resamples"""
    lead: Lead | None = None
    """over the simplest variant; null where it is the best itself"""


class Grouped(Part):
    """Intervals by the bootstrap over groups: threshold fixed, and tuned anew."""

    mcc: Interval
    """95 % interval of MCC in the population, threshold frozen, -1 to 1"""
    gap: Interval
    """95 % interval of SN - SP, threshold frozen, -1 to 1"""
    tuned_mcc: Interval
    """95 % interval of MCC in the population, tuned anew, -1 to 1"""
    tuned_gap: Interval
    """95 % interval of SN - SP, tuned anew, -1 to 1"""


class FrozenVariant(Part):
    """A variant as it was frozen: thresholds, calibration, digests of its files."""

    loss: str
    """name of its loss"""
    operating_point: str
    """name of the deployed one: `0.5` or the criterion"""
    threshold: Threshold
    """deployed threshold of the score, 0 to 1"""
    weights_sha256: str
    """SHA-256 of weights.safetensors, hexadecimal"""
    threshold_sha256: str
    """SHA-256 of threshold.json, hexadecimal"""
    oof_sha256: str
    """SHA-256 of oof.parquet, hexadecimal"""
    oof: Point
    """out-of-fold, at the deployed threshold"""
    oof_at_half: Point
    """out-of-fold, at 0.5"""
    auroc: float
    """area under the ROC curve, out-of-fold, 0 to 1"""
    calibrator: Calibrator
    """fitted on all out-of-fold scores"""
    grouped: Grouped
    """of the out-of-fold scores"""
    retuned: list[float]
    """thresholds of 200 resamples tuned anew, ascending, 0 to 1"""

    @property
    def keeps_half(self) -> bool:
        """Whether 0.5 is deployed, which nobody tuned."""
        return self.operating_point == HALF

    @property
    def promised(self) -> Interval:
        """Of MCC on new data: over resamples that are tuned as the variant was."""
        return self.grouped.mcc if self.keeps_half else self.grouped.tuned_mcc


class DeLong(Part):
    """DeLong's test of two correlated AUROCs."""

    difference: float
    """AUROC less the baseline's, -1 to 1"""
    se: float
    """its standard error"""
    z: float
    """difference over standard error"""
    p: float
    """two-sided p, 0 to 1"""


class McNemar(Part):
    """McNemar's test on which rows two classifiers get right."""

    only: int
    """sequences that this variant alone gets right"""
    only_reference: int
    """sequences that the baseline alone gets right"""
    p: float
    """two-sided p, 0 to 1"""


class McNemars(Part):
    """McNemar's test on all sequences, on positives and on negatives."""

    all: McNemar
    """on all training sequences"""
    positives: McNemar
    """on the positives alone"""
    negatives: McNemar
    """on the negatives alone"""


class CorrectedT(Part):
    """Corrected resampled t-test over the folds."""

    mean: float
    """mean difference of MCC over the folds"""
    se: float
    """its corrected standard error"""
    t: float
    """mean over standard error"""
    p: float
    """two-sided p, 0 to 1"""


class Difference(Part):
    """Paired out-of-fold difference of a variant to the baseline, with its tests."""

    mcc: float
    """MCC less the baseline's, both as deployed, -2 to 2"""
    se: float
    """standard error of that, by the bootstrap over groups, tuning counted in"""
    low: float
    """low end of its 95 % interval in the population, by the same bootstrap"""
    high: float
    """high end of its 95 % interval in the population, by the same bootstrap"""
    p: float
    """two-sided p, by the same bootstrap, 0 to 1"""
    p_holm: float
    """that p, adjusted for all variants by Holm, 0 to 1"""
    gap: float
    """distance of SN and SP less the baseline's, -1 to 1"""
    gap_low: float
    """low end of its 95 % interval, thresholds frozen, by the same bootstrap"""
    gap_high: float
    """high end of its 95 % interval, thresholds frozen, by the same bootstrap"""
    delong: DeLong
    """of the logits"""
    mcnemar: McNemars
    """of the calls at the deployed thresholds"""
    folds: CorrectedT
    """of MCC, fold by fold"""


class Covered(Part):
    """How often the prediction sets of one class hold it."""

    groups: int
    """groups with sequences of the class"""
    sequences: int
    """sequences of the class"""
    share: float
    """share of them whose set holds the class, groups counting alike, 0 to 1"""
    low: float
    """low end of its 95 % interval over groups"""
    high: float
    """high end of its 95 % interval over groups"""
    of_sequences: float
    """the same share, sequences counting alike, 0 to 1"""


class Sure(Part):
    """What is called where sets hold one class alone, by error; NaN of nothing is null."""

    errors: list[float]
    """errors of the sets, ascending, 0 to 1"""
    one: list[float]
    """share of sequences whose set holds one class alone, which are called"""
    both: list[float]
    """share of those whose set holds both"""
    none: list[float]
    """share of those whose set holds none"""
    sn: list[float | None]
    """sensitivity among the called, 0 to 1"""
    sp: list[float | None]
    """specificity among the called, 0 to 1"""
    mcc: list[float | None]
    """Matthews correlation coefficient among the called, -1 to 1"""


class Judged(Part):
    """The prediction sets on sequences that were not used to make them."""

    positive: Covered
    """of the positives, at the configured error"""
    negative: Covered
    """of the negatives"""
    sure: Sure
    """what is called, by error"""


#: Logits from which the positive, and up to which the negative class is in a set.
Limits = tuple[float | None, float | None]


class BandCuts(Part):
    """Limits of the sets of one band; null where its groups are too few."""

    positive_from: list[float | None]
    """logit from which the set holds the positive class, by error; null: as of all bands"""
    negative_to: list[float | None]
    """logit up to which the set holds the negative class, by error; null: as of all bands"""


class Trust(Part):
    """What every prediction of the champion is told beside its score, and how it held."""

    absent = ("by_band",)

    error: float
    """error of the prediction sets that is configured, 0 to 1"""
    errors: list[float]
    """errors of the next two, ascending, 0 to 1"""
    positive_from: list[float | None]
    """logit from which the set holds the positive class; null: always, too few groups"""
    negative_to: list[float | None]
    """logit up to which the set holds the negative class; null: always, too few groups"""
    logits: list[float]
    """where the next two are, ascending"""
    probability_low: list[float]
    """probability from that logit on at least (Venn-Abers, counted as negative)"""
    probability_high: list[float]
    """probability up to that logit at most (Venn-Abers, counted as positive)"""
    oof: Judged
    """out-of-fold, every fold by sets of the other folds"""
    by_band: dict[str, BandCuts] | None = None
    """limits within a band of the domain, by its name; absent of an earlier version"""

    def place(self, error: float) -> int:
        """Place of an error among the frozen ones, or of the next smaller one."""
        return sum(one <= error + 1e-9 for one in self.errors) - 1

    def limits(self, place: int) -> tuple[Limits, dict[str, Limits]]:
        """Limits of the sets at an error: of all bands together, and of each by its name.

        Parameters
        ----------
        place : int
            See `place`.

        Returns
        -------
        tuple
            As `metrics.conformal.sets_by_band` takes them.
        """
        return (self.positive_from[place], self.negative_to[place]), {
            band: (own.positive_from[place], own.negative_to[place])
            for band, own in (self.by_band or {}).items()
        }

    def impossible(self, error: float) -> list[str]:
        """Classes of which no set can exclude anything at an error, in sentences."""
        place = self.place(error)
        # The one that was frozen, which is the next smaller.
        error = self.errors[place]
        needed = math.ceil(1 / error - 1 - 1e-9)
        return [
            f"No set is possible for {name}: they are of {counted(covered.groups, 'group')}, and an "
            f"error of {_percent(error)} needs {needed} at least. Every set holds that "
            "class."
            for name, cut, covered in (
                ("positives", self.positive_from[place], self.oof.positive),
                ("negatives", self.negative_to[place], self.oof.negative),
            )
            if cut is None
        ]


def _percent(share: float) -> str:
    return f"{round(100 * share, 2):g} %"


class Reach(Part):
    """Where most training sequences lie, and where all: the limits of the bands.

    Of every training sequence against those of the other folds, groups counting alike.
    """

    aligner: str
    """what finds the nearest training sequence and aligns it"""
    identity: tuple[float, float]
    """identity that all have to their nearest, and 95 % of them, 0 to 1"""
    residues: tuple[int, int]
    """residues that the central 95 % have"""
    mean: dict[str, float]
    """mean share of each residue, 0 to 1"""
    distance: tuple[float, float]
    """share of residues by which 95 % differ at most from `mean`, and all, 0 to 1"""


class InBand(Part):
    """What the champion reaches on the sequences of one band, at its threshold."""

    band: str
    """inside, edge or outside"""
    sequences: int
    """sequences of the band"""
    groups: int
    """groups of related sequences that they are of"""
    groups_of_class: tuple[int, int]
    """groups that hold positives, and negatives"""
    mcc: float | None
    """Matthews correlation coefficient, -1 to 1; null below five groups of either class"""
    mcc_interval: Interval | None
    """its 95 % interval, by the bootstrap over groups"""
    sn: float | None
    """sensitivity, 0 to 1; null without positives"""
    sn_interval: Interval | None
    """its 95 % interval, at the effective number of sequences"""
    sp: float | None
    """specificity, 0 to 1; null without negatives"""
    sp_interval: Interval | None
    """its 95 % interval, at the effective number of sequences"""
    positive: Covered | None
    """how the sets of its positives held, at the configured error; null without any"""
    negative: Covered | None
    """how the sets of its negatives held; null without any"""


class Bands(Part):
    """The domain of the champion: limits of its bands, and what it reaches in each."""

    reach: Reach
    """limits of the bands, for new sequences"""
    oof: list[InBand]
    """out-of-fold, every fold by limits of the other folds"""


class Learned(Part):
    """What the training sequences were like: what new ones are held against."""

    shortest: int
    """residues of the shortest, gaps not counted"""
    longest: int
    """residues of the longest, gaps not counted"""
    window: int | None
    """letters of every one, gaps counted, where all have the same number; or null"""
    centre: str | None
    """residues in the middle of the windows, where few are; or null"""
    letters: str
    """letters that occur, in alphabetical order"""
    unknown: float
    """largest share of X and ambiguous residues in one of them, 0 to 1"""

    @property
    def made_for(self) -> str:
        """What may be asked of a model that learned from them, in a sentence."""
        reach = f"sequences of {self.shortest} to {self.longest} residues"
        if self.window:
            around = f" around {' or '.join(self.centre)}" if self.centre else ""
            reach = f"windows of {self.window} letters{around}"
        return f"Trained on {reach}; others are rejected, or told as outside."


class Selection(Record):
    """selection.json: the frozen choice, and the digests of all that decides."""

    selection: str
    """id: first 16 hexadecimal digits of the digest of `request`"""
    dataset: str
    """name of the data set"""
    champion: str
    """variant that is deployed"""
    why: str
    """why that one, in a sentence"""
    best: Best
    """of all variants, whichever is deployed"""
    baseline: str
    """variant that losses of the same model and features are compared to"""
    simplest: str | None = None
    """simplest variant, by a declared order; null of version 0.1.0"""
    threshold: Threshold
    """the champion's deployed threshold of the score, 0 to 1"""
    operating_point: str
    """the champion's: `0.5` or the criterion"""
    decides: Decides
    """digests of what was made of the data, and of `config`"""
    request: Request | None = None
    """what was asked, which identifies the selection; null of version 0.1.0"""
    records: Provenance
    """what it was made with"""
    cleaning: dict[str, Any]
    """section `cleaning` of the data set, for new sequences"""
    variants: dict[str, FrozenVariant]
    """by name, those that were trained"""
    positives: float
    """share of positives in the training sequences, 0 to 1"""
    deployment_positives: float | None
    """share of positives expected in use, 0 to 1, if configured"""
    groups: int
    """groups of related training sequences"""
    groups_positive: int | None = None
    """those that hold positives; null of version 0.1.0"""
    groups_negative: int | None = None
    """those that hold negatives; null of version 0.1.0"""
    against_baseline: dict[str, Difference]
    """by variant of the same model and features, the baseline aside"""
    other_models: dict[str, Difference] = {}
    """by variant of another model or other features, against the baseline too"""
    against_simplest: Difference | None = None
    """the champion against the simplest variant; null where it is that"""
    same: dict[str, Twin]
    """by name, variants not trained because another's loss is the same"""
    config: dict[str, Any]
    """resolved settings that decide"""
    order: list[str]
    """names of all variants in the order of the configuration"""
    learned: Learned | None = None
    """what the training sequences were like; null of version 0.1.0"""
    statistics: int = 1
    """version of what intervals mean and of the rule that keeps the simplest variant"""
    trust: Trust | None = None
    """of the champion's predictions; absent of version 0.1.0, or where nothing was tuned"""
    domain: Bands | None = None
    """where the champion was trained and how it does there; absent likewise"""

    absent = ("trust", "domain")

    @property
    def models(self) -> str:
        """Digest of what a look is bound to, test labels aside: 16 hexadecimal digits.

        Data, split, weights, thresholds, calibrators and champion.
        """
        return sha256_json(
            {
                "data": self.decides.data,
                "split": self.decides.split,
                "champion": self.champion,
                "variants": {
                    name: [
                        frozen.weights_sha256,
                        frozen.operating_point,
                        frozen.threshold,
                        frozen.calibrator.dump(),
                    ]
                    for name, frozen in self.variants.items()
                },
            }
        )[:16]

    @property
    def chosen(self) -> FrozenVariant:
        """The champion as it was frozen."""
        return self.variants[self.champion]

    def trained(self, name: str) -> str:
        """The variant that was trained for another: itself, or its twin."""
        twin = self.same.get(name)
        return (twin.same_as or name) if twin else name

    def beside(self, published: "Selection | None") -> "Selection":
        """This selection with the variants of the published split beside its own.

        They are scored in the same look and decide nothing: choice, thresholds and
        champion are those of this selection.
        """
        others = published.variants if published else {}
        named = {published_name(name): frozen for name, frozen in others.items()}
        return self.model_copy(update={"variants": {**self.variants, **named}})


def published_name(variant: str) -> str:
    """What a variant of the published split is called beside the honest ones."""
    return f"{PUBLISHED}/{variant}"


def is_published(variant: str) -> bool:
    """Whether a variant's name is one of the published split's."""
    return variant.startswith(f"{PUBLISHED}/")
