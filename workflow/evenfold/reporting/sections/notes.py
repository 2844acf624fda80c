"""The notes: what a reader must not miss."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from evenfold.metrics.predictive import predictive
from evenfold.records.evaluation import Measured, setting
from evenfold.records.thresholds import HALF, Point
from evenfold.reporting.facts import Facts
from evenfold.reporting.judging import (
    FEWEST_GROUPS,
    FEWEST_OF_A_CLASS,
    is_composition,
    rivals,
    scarcer_groups,
    spread_of_thresholds,
)
from evenfold.reporting.reached import short
from evenfold.reporting.roles import Parted, other_ratio, parted
from evenfold.reporting.section import Section
from evenfold.reporting.sections.published_split import honest_and_published
from evenfold.saying import counted, verb


@dataclass(frozen=True)
class Note:
    """A sentence or two, red or not, and lines of configuration if it asks for some."""

    text: str
    colour: str = ""
    code: str = ""


def withheld(facts: Facts) -> Iterator[Note]:
    """That the test set was not looked at, and what would allow it."""
    status = facts.evaluation
    if status and status.told:
        text, colon, code = status.told.partition("configuration:\n")
        yield Note(text[0].upper() + text[1:] + colon.strip(), "red", code)


def further_look(facts: Facts) -> Iterator[Note]:
    """That the test set had been looked at before."""
    look = facts.evaluation.look if facts.evaluation else None
    if look and look.reason:
        yield Note(
            f"This is look {look.look} at this test set. Reason given: {look.reason}"
        )
    elif look and look.look > 1:
        yield Note(
            f"This is look {look.look} at this test set, under the practice policy: what "
            "earlier looks showed may have shaped the choices, and then the result flatters."
        )


def models_since_look(facts: Facts) -> Iterator[Note]:
    """That models were trained again since the look, and what would allow another."""
    since = facts.evaluation.since_look if facts.evaluation else None
    if since and since.to_look_again:
        yield Note(
            f"{since.told} To look once more, at the models at hand, with a reason that "
            "the report will show for ever, add to the configuration:",
            "red",
            setting("allow_look", since.to_look_again),
        )
    elif since:
        yield Note(since.told)


def labels_since_look(facts: Facts) -> Iterator[Note]:
    """That labels were changed since the look, and what would show the difference."""
    changed = facts.evaluation.changed_labels if facts.evaluation else None
    if changed:
        yield Note(
            f"{changed.told} To have the stored predictions scored again under the "
            "labels at hand, beside the original and with a reason that the report will "
            "show for ever, add to the configuration:",
            "red",
            setting("amend_labels", changed.to_amend),
        )


def amended_labels(facts: Facts) -> Iterator[Note]:
    """What the look reaches under corrected labels."""
    for one in facts.evaluation.amendments if facts.evaluation else []:
        row = next(row for row in one.rows if row.deployed)
        yield Note(
            f"Amended on {one.amended_at}: {counted(one.changed, 'label')} of the test set "
            f"{verb(one.changed, 'was', 'were')} corrected after the look. Under the corrected labels the same predictions "
            f"of {row.variant} have MCC {row.mcc:.2f} [{row.mcc_low:.2f}, "
            f"{row.mcc_high:.2f}] with SN {short(row.sn)} and SP {short(row.sp)}; everything "
            f"else here is the original. Reason given: {one.reason}"
        )


def looks_elsewhere(facts: Facts) -> Iterator[Note]:
    """Looks that MLflow tells of and the ledger does not."""
    status = facts.evaluation
    if status and status.elsewhere:
        earlier = "; ".join(
            f"{look.recorded}, data set {look.dataset}, selection {look.selection}"
            for look in status.elsewhere
        )
        yield Note(
            "The MLflow record tells of looks at this test set that the ledger does not "
            f"hold: {earlier}. Either the ledger was deleted, or another one is in use: "
            "this was not the first look.",
            "red",
        )


def mlflow_silent(facts: Facts) -> Iterator[Note]:
    """That MLflow could not be asked."""
    status = facts.evaluation
    if status and status.elsewhere is None:
        yield Note(
            "The MLflow store did not answer when the test set was looked at: earlier "
            "looks that the ledger does not hold would not show here, and this run may "
            "not be uploaded yet. The next `snakemake`, or `evenfold track "
            f"results/{facts.dataset}`, uploads it once the store answers."
        )


def few_training_groups(facts: Facts) -> Iterator[Note]:
    """That intervals of the cross-validation are not to be relied on."""
    selection = facts.selection
    found = scarcer_groups((selection.groups_positive, selection.groups_negative))
    if found and found[0] < FEWEST_GROUPS:
        yield Note(
            f"Of the {selection.groups} groups of related training sequences {found[0]} "
            f"{verb(found[0], 'holds', 'hold')} {found[1]}: below {FEWEST_GROUPS} of a class the intervals of the "
            "cross-validation are not to be relied on."
        )


def shortcut(facts: Facts) -> Iterator[Note]:
    """That something trivial comes near the champion."""
    point = facts.selection.chosen.oof
    near, perhaps = rivals(facts)
    for probe in near:
        yield Note(
            f"A shortcut rivals the models: {probe.what} alone predicts the class with "
            f"MCC {probe.mcc:.2f} out-of-fold (SN {short(probe.sn)}, SP {short(probe.sp)}), "
            f"and the champion reaches {point.mcc:.2f}.",
            "red",
        )
    low, high = facts.selection.chosen.grouped.mcc
    for probe in perhaps:
        yield Note(
            "The sequences are too few to exclude that a shortcut rivals the models: "
            f"{probe.what} alone predicts the class with MCC {probe.mcc:.2f} out-of-fold "
            f"(SN {short(probe.sn)}, SP {short(probe.sp)}), and the champion reaches "
            f"{point.mcc:.2f} [{low:.2f}, {high:.2f}].",
            "amber",
        )


#: AUROC that whole proteins must add to be worth a word.
_ADDED = 0.01


def whole_proteins(facts: Facts) -> Iterator[Note]:
    """That a method which sees whole proteins profits from what no window shows."""
    found = facts.source_proteins
    above = found.above_windows if found else None
    if found is None or above is None:
        return
    added = above.auroc_with - above.auroc
    if added < _ADDED or above.auroc_difference[0] <= 0:
        return
    low, high = above.auroc_difference
    inside = above.within_with - above.within
    inside_low, inside_high = above.within_difference
    shares = [quarter.positives for quarter in found.by_length]
    yield Note(
        "A method that sees whole proteins profits from what no window shows: with the "
        "protein's length, its number of possible sites and the site's place beside the "
        f"score of {found.champion}, out-of-fold AUROC goes from {above.auroc:.3f} to "
        f"{above.auroc_with:.3f} ({added:+.3f} [{low:+.3f}, {high:+.3f}]). Among sites of "
        f"one protein it goes from {above.within:.3f} to {above.within_with:.3f} "
        f"({inside:+.3f} [{inside_low:+.3f}, {inside_high:+.3f}]): "
        + (
            "which site of a protein is positive is known no better. "
            if inside < added / 2
            else "sites of one protein are told apart better too. "
        )
        + f"Of the sites of the shortest quarter of the proteins {shares[0]:.0%} are "
        f"positive, of the longest quarter {shares[-1]:.0%}; {found.with_positive} of "
        f"{found.proteins} proteins {verb(found.with_positive, 'has', 'have')} a positive site."
    )


def composition_model(facts: Facts) -> Iterator[Note]:
    """That what the champion knows is the composition, which is its input."""
    point = facts.selection.chosen.oof
    if found := is_composition(facts):
        probe, features = found
        low, high = facts.selection.chosen.grouped.mcc
        where, interval = (
            ("above its interval", f" [{low:.2f}, {high:.2f}]")
            if probe.mcc > high
            else ("level with it", "")
        )
        yield Note(
            f"{facts.selection.champion} reads compositions alone ({', '.join(features)}), "
            f"and a logistic regression on {probe.what} is {where}: MCC "
            f"{probe.mcc:.2f} (SN {short(probe.sn)}, SP {short(probe.sp)}) beside "
            f"{point.mcc:.2f}{interval} out-of-fold. It is a model of composition."
        )


def serious_findings(facts: Facts) -> Iterator[Note]:
    """Findings of the audit that spoil the results."""
    for finding in facts.audit.findings:
        if finding.severity != "serious":
            continue
        if finding.about != "removed" or facts.beside:
            yield Note(f"Audit: {finding.title}.", "red")
        else:
            yield Note(
                f"Audit: {finding.title}. To see what they are worth to the result, "
                "trained as most papers do beside this split:",
                "red",
                facts.command("--config 'split={as_published: true}'"),
            )


def unstable_threshold(facts: Facts) -> Iterator[Note]:
    """That the folds differ in kind."""
    stability = facts.champion.stability
    if stability and stability.flag == "red":
        yield Note(
            "The folds disagree widely about the champion's threshold: their own thresholds "
            f"spread {spread_of_thresholds(stability)}, and change SN or "
            f"SP by up to {stability.widest:.2f}. See the stability column.",
            "red",
        )


def shifted_folds(facts: Facts) -> Iterator[Note]:
    """Variants whose folds cannot well be pooled."""
    shifted = [
        name for name, one in facts.tuned.items() if not one.comparability.comparable
    ]
    if shifted:
        yield Note(
            "The folds' score distributions differ (Kolmogorov-Smirnov, Holm-corrected "
            f"p < 0.01) for {', '.join(shifted)}; pooled thresholds are less reliable "
            "there."
        )


def small_test_set(facts: Facts) -> Iterator[Note]:
    """That intervals on the test set are not to be relied on."""
    row = facts.tested
    if row is None or facts.evaluation is None:
        return
    smaller, which = min((row.tp + row.fn, "positives"), (row.tn + row.fp, "negatives"))
    counted = facts.evaluation.groups_of_class or (None, None)
    groups, of = scarcer_groups(counted) or (row.groups, "sequences")
    if groups < FEWEST_GROUPS or smaller < FEWEST_OF_A_CLASS:
        yield Note(
            f"The test set has {smaller} {which}, and of its {row.groups} groups of "
            f"related sequences {groups} {verb(groups, 'holds', 'hold')} {of}: below {FEWEST_OF_A_CLASS} sequences or "
            f"{FEWEST_GROUPS} groups of a class the intervals are not to be relied on."
        )


def out_of_balance(facts: Facts) -> Iterator[Note]:
    """That SN and SP differ on the test set by more than chance."""
    row = facts.tested
    if row is None or row.gap_low <= 0.0 <= row.gap_high:
        return
    promised = facts.selection.variants[facts.shown].oof.gap
    told = (
        f"SN − SP is {row.gap:+.3f} [{row.gap_low:+.3f}, {row.gap_high:+.3f}] on the test "
        f"set, and was {promised:+.3f} out-of-fold. "
    )
    if row.gap_low <= promised <= row.gap_high:
        # No surprise: the champion was not balanced to begin with.
        yield Note(
            f"{told}The threshold that is deployed does not balance them; "
            "`selection: {criterion: sn_eq_sp}` asks for one that does."
            if facts.champion.tuned
            else f"{told}Threshold 0.5, which was kept, does not balance them."
        )
        return
    if found := [part for part in parted(facts) if part.explains(row.gap)]:
        yield Note(
            f"{told}The gap is of test sequences that differ from the training ones: "
            + "; ".join(_gaps(part) for part in found)
            + " (95 %, sequences taken as independent). No threshold tuned on the "
            "training data can remove it."
        )
    elif row.gap_tuning_low <= 0.0 <= row.gap_tuning_high:
        yield Note(
            f"{told}The threshold is not pinned down well (see its stability): with tuning "
            f"counted in the interval is [{row.gap_tuning_low:+.3f}, "
            f"{row.gap_tuning_high:+.3f}], which holds zero."
        )
    else:
        either = (
            "the threshold is not pinned down well (see its stability)"
            if facts.champion.tuned
            else "it is the chance that one test set in twenty has"
        )
        yield Note(
            f"{told}Either {either}, or the test set differs from the training data, and "
            "no threshold tuned on those can remove the gap."
        )


def _gaps(part: Parted) -> str:
    (one, other), (of_one, of_other) = part.gap, part.of_gap
    return (
        f"it is {one:+.3f} [{of_one[0]:+.3f}, {of_one[1]:+.3f}] among {part.words}, and "
        f"{other:+.3f} [{of_other[0]:+.3f}, {of_other[1]:+.3f}] among the {part.n} others"
    )


def other_classes(facts: Facts) -> Iterator[Note]:
    """That another share of the test set is positive than the thresholds expect."""
    row, found = facts.tested, other_ratio(facts)
    if row is None or found is None:
        return
    asked = facts.selection.deployment_positives
    of = "as `deployment_positives` says" if asked else "of the training data"
    ppv = predictive(row.tp, row.fp, row.tn, row.fn)["ppv"]
    yield Note(
        f"{found.test:.0%} of the test set are positive ({row.tp + row.fn} of {row.n}), "
        f"and {found.expected:.0%} {of}. SN and SP do not depend on that; MCC and "
        f"precision (PPV) do: at {found.expected:.0%} the same SN and SP would mean MCC "
        f"{found.mcc:.2f} and precision {_known(found.ppv)} instead of {row.mcc:.2f} and "
        f"{_known(ppv)}. `selection: {{deployment_positives: ...}}` tunes for the share that "
        "is expected where the model will be used."
    )


def _known(rate: float) -> str:
    return "undefined" if math.isnan(rate) else f"{rate:.2f}"


#: Share of the test set with the opposite label in training that makes results doubtful.
_DOUBTFUL = 0.05


def opposite_labels(facts: Facts) -> Iterator[Note]:
    """That copies of test sequences carry the other label in the training data."""
    row = facts.tested
    labels = facts.evaluation.labels if facts.evaluation and row else None
    for one in labels.opposite if labels and row else []:
        if one.opposite:
            share = one.opposite / row.n if row else 0.0
            examples = ", ".join(" ~ ".join(pair) for pair in one.examples[:3])
            yield Note(
                f"{one.opposite} of {one.n} test sequences with {one.kind} in the training "
                f"data as given carry the opposite label there, {share:.1%} of the test "
                f"set (test ~ training: {examples}). Of each pair one label is wrong, or "
                "the sequence does not decide it: no model can have both right.",
                "red" if share > _DOUBTFUL else "",
            )


def below_chance(facts: Facts) -> Iterator[Note]:
    """That guessing would have done better on the test set."""
    row = facts.tested
    below = []
    if row and row.auroc < 0.5:
        below.append(f"AUROC {row.auroc:.3f} (chance: 0.5)")
    if row and row.mcc < 0:
        below.append(f"MCC {row.mcc:+.3f} (chance: 0)")
    if row and below:
        # Chance alone seldom makes an interval below zero.
        far = (
            f" So far below ([{row.mcc_low:.3f}, {row.mcc_high:.3f}]) it has learned "
            "something: see whether the two classes of the test set are exchanged."
            if row.mcc_high < 0
            else ""
        )
        yield Note(
            f"On the test set {facts.shown} is below chance: {', '.join(below)}.{far}",
            "red",
        )


def below_composition(facts: Facts) -> Iterator[Note]:
    """That the composition alone does better on the test set."""
    row = facts.tested
    for probe in facts.evaluation.probes if facts.evaluation and row else []:
        if probe.name != "composition" or row is None:
            continue
        area = math.nan if probe.auroc is None else probe.auroc
        measured = (("MCC", row.mcc, probe.mcc), ("AUROC", row.auroc, area))
        told = {
            name: f"{name} ({own:.3f} against {theirs:.3f})"
            for name, own, theirs in measured
            if not math.isnan(theirs)
        }
        below = [name for name, own, theirs in measured if own < theirs]
        if below:
            rest = "".join(
                f", not in {told[name]}" for name in told.keys() - set(below)
            )
            yield Note(
                f"On the test set {facts.shown} is below a logistic regression on "
                f"{probe.what} in {' and '.join(told[name] for name in below)}{rest}.",
                "red",
            )


def not_as_promised(facts: Facts) -> Iterator[Note]:
    """That MCC on the test set is not where cross-validation put it, and why it may be."""
    row = facts.tested
    if row is None or facts.since_look or facts.shown != facts.selection.champion:
        return
    chosen = facts.selection.chosen
    low, high = chosen.promised
    if low <= row.mcc <= high:
        return
    above = row.mcc > high
    counting = "" if chosen.keeps_half else ", tuning counted in"
    reasons = "; ".join(_reasons(facts, row, above)) or "none that the records show"
    yield Note(
        f"On the test set MCC is {row.mcc:.3f}, {'above' if above else 'below'} the "
        f"interval that cross-validation promised{counting} ([{low:.3f}, "
        f"{high:.3f}]). Likely reasons: {reasons}."
    )


def _reasons(facts: Facts, row: Measured, above: bool) -> Iterator[str]:
    low, high = facts.selection.chosen.promised
    if row.mcc_low <= high and row.mcc_high >= low:
        yield (
            f"chance, for the test set's own interval [{row.mcc_low:.3f}, "
            f"{row.mcc_high:.3f}] reaches into it"
        )
    nearer = (low - row.mcc, row.mcc - high)[above]
    found = other_ratio(facts)
    if found and (low - found.mcc, found.mcc - high)[above] < nearer:
        yield (
            f"another class ratio, {found.expected:.0%} positive expected and "
            f"{found.test:.0%} in the test set, on which MCC depends: without that it "
            f"would be {found.mcc:.3f}"
        )
    parts = [] if above else [part for part in parted(facts) if part.costs]
    for part in parts:
        yield (
            f"a shift: MCC {part.mcc[0]:.3f} [{part.of_mcc[0][0]:.3f}, "
            f"{part.of_mcc[0][1]:.3f}] among {part.words}, and {part.mcc[1]:.3f} "
            f"[{part.of_mcc[1][0]:.3f}, {part.of_mcc[1][1]:.3f}] among the {part.n} others"
        )
    for finding in facts.audit.findings:
        if finding.about == "shift" and not parts:
            yield f"a shift: {finding.title}"
    seeds = facts.settings.decides.variants[facts.shown].training.seeds
    if above:
        yield (
            f"a score on the test set is the mean of {facts.split.folds * seeds} members, "
            f"and out-of-fold of {seeds}"
        )
    if above and facts.split.related_sequences and not facts.split.removed:
        yield (
            f"{counted(facts.split.related_sequences, 'training sequence')} "
            f"{verb(facts.split.related_sequences, 'is', 'are')} related to the test set"
        )


def twins(facts: Facts) -> Iterator[Note]:
    """Variants that were trained once, since their losses are the same here."""
    for name in facts.tuned:
        own = {
            other: twin
            for other, twin in facts.selection.same.items()
            if twin.same_as == name
        }
        if own:
            apart = max(twin.difference or 0.0 for twin in own.values())
            yield Note(
                f"{', '.join(own)}: on these training data the same loss as {name} (the "
                f"logits would differ by less than {apart:.3f}); trained once and "
                "reported as one."
            )


def of_tuning(facts: Facts) -> Iterator[Note]:
    """What tuning had to say of a variant."""
    said: dict[str, list[str]] = {}
    for name, one in facts.tuned.items():
        for text in one.notes:
            said.setdefault(text, []).append(name)
    half = {name for name, one in facts.tuned.items() if one.operating_point == HALF}
    kept = [text for text, names in said.items() if half.issuperset(names)]
    # Each has its own numbers: one is told, that of the champion if it is among them.
    kept.sort(key=lambda text: facts.shown not in said[text])
    for text, names in said.items():
        if text in kept[1:]:
            continue
        who = (
            "Every variant" if len(names) == len(facts.tuned) > 1 else ", ".join(names)
        )
        yield Note(f"{who}: {text}")
    if too := [name for text in kept[1:] for name in said[text]]:
        yield Note(f"For reasons like this 0.5 is also kept for {', '.join(too)}.")


def relatives(facts: Facts) -> Iterator[Note]:
    """What the champion would show on the published split."""
    if points := honest_and_published(facts):
        honest, published = points
        where = "on the test set" if facts.tested else "out-of-fold"
        yield Note(
            "Trained as most papers do, with relatives of the test set left in and folds "
            f"at random, {facts.shown} would show MCC {_with_interval(published)} {where} "
            f"instead of {_with_interval(honest)}: see “Beside the published split”."
        )


def _with_interval(point: Point | Measured) -> str:
    return f"{point.mcc:.2f} [{point.mcc_low:.2f}, {point.mcc_high:.2f}]"


#: In the order of the report.
NOTES: tuple[Callable[[Facts], Iterator[Note]], ...] = (
    withheld,
    further_look,
    models_since_look,
    labels_since_look,
    amended_labels,
    looks_elsewhere,
    mlflow_silent,
    few_training_groups,
    below_chance,
    below_composition,
    not_as_promised,
    other_classes,
    opposite_labels,
    shortcut,
    composition_model,
    whole_proteins,
    serious_findings,
    unstable_threshold,
    shifted_folds,
    small_test_set,
    out_of_balance,
    twins,
    of_tuning,
    relatives,
)


def notes(facts: Facts) -> list[Note]:
    """All that apply, in order."""
    return [note for notes_of in NOTES for note in notes_of(facts)]


def _tells(facts: Facts) -> dict[str, Any]:
    told = notes(facts)
    return {"notes": [replace(note, text=facts.as_called(note.text)) for note in told]}


SECTION = Section(
    _tells,
    """\
{% for note in notes %}
<div class="note {{ note.colour }}">{{ note.text|prose }}{% if note.code %}<pre>{{ note.code }}</pre>{% endif %}</div>
{% endfor %}
""",
)
