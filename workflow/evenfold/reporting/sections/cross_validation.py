"""In cross-validation, where everything was chosen: the table of variants."""

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from evenfold.config.decides import DecidedVariant
from evenfold.records.record import Interval
from evenfold.records.thresholds import Point
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Bar, Drawing
from evenfold.reporting.judging import folds_agree, spread_of_thresholds
from evenfold.reporting.reached import predicted
from evenfold.reporting.section import Section
from evenfold.reporting.words import loss_in_a_line

#: Networks that are named by nothing else than the loss.
_USUAL = ("feedforward", "convolutional")


@dataclass(frozen=True)
class Row:
    """One line of the table of variants.

    Attributes
    ----------
    name, loss, what : str
        Of the loss its name, and what it is.
    twins : list of str
        Variants that are the same on these data.
    positive_feedback : bool
        Whether its weights drive SN and SP apart.
    champion : bool
    auroc : float
    half, tuned : Point
        At 0.5, and the operating point that is deployed.
    mcc : Interval
        Of MCC, by the bootstrap over groups.
    difference, left_out, stability, spread : str
    colour : str
        Of the stability: ok, warning or serious.
    """

    name: str
    loss: str
    what: str
    twins: list[str]
    positive_feedback: bool
    champion: bool
    auroc: float
    half: Point
    tuned: Point
    mcc: Interval
    difference: str
    left_out: str
    stability: str
    spread: str
    colour: str


def variant_row(name: str, facts: Facts) -> Row:
    """The line of a variant."""
    selection, tuned = facts.selection, facts.tuned[name]
    settings = facts.settings.decides.variants[name]
    compared = {**selection.against_baseline, **selection.other_models}
    stability, lead = tuned.stability, compared.get(name)
    colours = {"green": "ok", "amber": "warning", "red": "serious"}
    return Row(
        name=name,
        loss=_loss(settings),
        what=loss_in_a_line(settings.loss),
        twins=[other for other, one in selection.same.items() if one.same_as == name],
        positive_feedback=(_mode(settings) or "").startswith("seed_"),
        champion=name == selection.champion,
        auroc=tuned.auroc,
        half=tuned.half,
        tuned=tuned.deployed,
        mcc=selection.variants[name].grouped.mcc,
        difference=(
            f"{lead.mcc:+.3f} [{lead.low:+.3f}, {lead.high:+.3f}]" if lead else "–"
        ),
        left_out=f"{round(stability.gap_left_out, 3) + 0.0:+.3f}" if stability else "–",
        stability=folds_agree(facts, stability) if stability else "not tuned",
        spread=(
            f"thresholds spread {spread_of_thresholds(stability)}; SN or SP moves by up to "
            f"{stability.widest:.2f}"
            if stability
            else ""
        ),
        colour=colours[stability.flag] if stability else "warning",
    )


def draw_forest(facts: Facts) -> list[Drawing]:
    """MCC out-of-fold with its interval, and the paired difference to the baseline."""
    selection = facts.selection
    names = sorted(facts.tuned, key=lambda n: -selection.variants[n].oof.mcc)
    reached = [
        Bar(
            name, selection.variants[name].oof.mcc, *selection.variants[name].grouped.mcc,
            f"{name}: MCC {selection.variants[name].oof.mcc:.3f} out-of-fold",
        )
        for name in names
    ]  # fmt: skip
    compared = {**selection.against_baseline, **selection.other_models}
    leads = [
        Bar(
            name, compared[name].mcc, compared[name].low, compared[name].high,
            f"{name} less {selection.baseline}: {compared[name].mcc:+.3f} "
            f"[{compared[name].low:+.3f}, {compared[name].high:+.3f}]",
            figures.SP,
        )
        for name in names
        if name in compared
    ]  # fmt: skip
    found = []
    with plt.rc_context(figures.STYLE):
        figure = figures.forest(reached, "MCC out-of-fold, 95 % interval")
        title = "MCC of every variant, out-of-fold"
        found.append(figures.drawn(figure, "oof-mcc", title))
        if leads:
            label = f"Δ MCC to {selection.baseline}, paired, 95 % interval"
            figure = figures.forest(leads, label, zero=True)
            title = f"Paired difference of MCC to {selection.baseline}, out-of-fold"
            found.append(figures.drawn(figure, "oof-difference", title))
    return found


def _loss(settings: DecidedVariant) -> str:
    """Loss, its mode if it has one, and the network if it is another than usual."""
    loss, network = settings.loss.name, settings.training.model
    mode = f" ({_mode(settings)})" if _mode(settings) else ""
    named = "" if network in _USUAL else f", {network}"
    return f"{loss}{mode}{named}".replace("_", " ")


def _mode(settings: DecidedVariant) -> str | None:
    """Of a loss that has several forms under one name."""
    return getattr(settings.loss, "mode", None)


def _kind(facts: Facts) -> str | None:
    """Which kind of data was seen, and what is trained on it where nothing is said."""
    kind, variants = facts.split.kind, facts.settings.decides.variants
    filled = [name for name, one in variants.items() if _left_out(one)]
    if kind is None or not filled:
        return None
    models = {
        f"{one.training.model} on {', '.join(one.training.features)}".replace("_", " ")
        for one in map(variants.__getitem__, filled)
    }
    return (
        f"The sequences were taken for {kind}, since {facts.split.kind_reason}; by default "
        f"these are trained by {' and '.join(sorted(models))}."
    )


def _left_out(variant: DecidedVariant) -> bool:
    given = variant.given
    return given is not None and not given.get("features")


def _beside_the_simplest(facts: Facts) -> str | None:
    """The champion against the simplest variant: another question than that of losses."""
    selection = facts.selection
    lead = selection.against_simplest
    if lead is None:
        return None
    delong = lead.delong
    return (
        f"Two comparisons are made. Losses, in the table, against {selection.baseline} "
        f"of the same network and features. And the champion against the simplest model: "
        f"{selection.champion} less {selection.simplest} is {lead.mcc:+.3f} MCC "
        f"[{lead.low:+.3f}, {lead.high:+.3f}] and {delong.difference:+.3f} AUROC "
        f"(standard error {delong.se:.3f})."
    )


def _tells(facts: Facts) -> dict[str, Any]:
    return {
        "split": facts.split,
        "selection": facts.selection,
        "best": facts.selection.best,
        "baseline": facts.selection.baseline,
        "limits": facts.settings.decides.selection.stability,
        "predicted": predicted,
        "kind": _kind(facts),
        "simpler": _beside_the_simplest(facts),
        "compared": {
            **facts.selection.against_baseline,
            **facts.selection.other_models,
        },
        "models": ", ".join(facts.selection.other_models),
        "rows": [variant_row(name, facts) for name in facts.tuned],
        "forest": draw_forest(facts),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="cross-validation">In cross-validation, where everything was chosen</h2>
<p>{{ split.n_train }} training sequences, {{ split.n_train_positive }} positive, in {{ split.folds }} folds by groups of related sequences. Every sequence is scored by the members that did not see its fold. {% if best.of > 1 %}{{ selection.why }}{% endif %}{% if best.of > 1 and best.mcc_corrected < best.mcc %} The largest of {{ best.of }} is optimistic: {{ best.variant }} has MCC {{ best.mcc|rate }} out-of-fold, and {{ best.mcc_corrected|rate }} when every choice is made on resampled groups and scored on those left out.{% endif %}</p>
{% call table("variants", "Every variant, out-of-fold, at its own threshold") %}
<thead><tr><th scope="col" class="t">{{ term("variant") }}</th><th scope="col" class="t">{{ term("loss") }}</th><th scope="col">{{ term("threshold") }}</th><th scope="col" data-parts="SN|SP">SN / SP</th><th scope="col" data-parts="MCC|MCC low|MCC high">MCC, {{ term("95 % interval") }}</th><th scope="col" data-parts="Δ MCC|Δ MCC low|Δ MCC high">{{ term("Δ MCC") }} to {{ baseline }}</th><th scope="col">{{ term("left out") }}</th><th scope="col" class="t">{{ term("stability") }}</th></tr></thead>
<tbody>{% for row in rows %}
<tr data-variant="{{ row.name }}" class="{{ 'champion' if row.champion }}"><th scope="row">{{ row.name }}{% for twin in row.twins %}<br><small>= {{ twin }}</small>{% endfor %}</th><td class="t w"><abbr title="{{ row.what }}">{{ row.loss }}</abbr>{% if row.positive_feedback %} <span class="warning">({{ term("positive feedback") }})</span>{% endif %}</td>
<td>{{ row.tuned.threshold|threshold }}</td><td>{{ row.tuned.sn|rate }} / {{ row.tuned.sp|rate }}</td><td>{{ row.tuned.mcc|rate }} [{{ row.mcc[0]|rate }}, {{ row.mcc[1]|rate }}]</td>
<td>{{ row.difference }}</td><td>{{ row.left_out }}</td><td class="t {{ row.colour }}">{% if row.spread %}<abbr title="{{ row.spread }}">{{ row.stability }}</abbr>{% else %}{{ row.stability }}{% endif %}</td></tr>
{% endfor %}</tbody>
{% endcall %}
{% call panels(forest) %}{% if forest|length > 1 %}First: MCC at the variant's own threshold. Second: the same sequences, less {{ baseline }}; an interval across zero is no difference shown.{% else %}MCC at the variant's own threshold, with its interval.{% endif %}{% endcall %}
{% if kind %}<p>{{ kind }}</p>{% endif %}
{% if simpler %}<p>{{ simpler }}</p>{% endif %}
<details><summary>More numbers of every variant</summary>
{% call table("variants-more", "Every variant, out-of-fold: at 0.5, and what its calls are worth at its own threshold") %}
<thead><tr><th scope="col" class="t">variant</th><th scope="col">{{ term("AUROC") }}</th><th scope="col" data-parts="SN at 0.5|SP at 0.5">SN / SP at 0.5</th><th scope="col">{{ term("gap") }} at 0.5</th><th scope="col">MCC at 0.5</th><th scope="col" data-parts="PPV|PPV low|PPV high">{{ term("PPV") }}</th><th scope="col">{{ term("NPV") }}</th><th scope="col">{{ term("F1") }}</th></tr></thead>
<tbody>{% for row in rows %}
<tr data-variant="{{ row.name }}" class="{{ 'champion' if row.champion }}"><th scope="row">{{ row.name }}</th><td>{{ row.auroc|rate }}</td><td>{{ row.half.sn|rate }} / {{ row.half.sp|rate }}</td><td>{{ row.half.gap|signed }}</td><td>{{ row.half.mcc|rate }}</td>{% for value in predicted(row.tuned) %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
{% endcall %}
<p><small>PPV (precision), NPV and F1 are at the training data's share of positives; an interval of PPV, where positives are rare, is Wilson's.</small></p></details>
{% if compared %}
<details><summary>Every test against {{ baseline }}</summary>
{% call table("tests", "Every test against the baseline, out-of-fold") %}
<thead><tr><th scope="col" class="t">variant</th><th scope="col">Δ MCC</th><th scope="col">standard error</th><th scope="col">p</th><th scope="col">p, {{ term("Holm") }}</th><th scope="col">Δ |SN − SP|</th><th scope="col" data-parts="Δ gap low|Δ gap high">95 % interval</th><th scope="col">Δ AUROC</th><th scope="col">p, {{ term("DeLong") }}</th><th scope="col">p, {{ term("McNemar") }}: all</th><th scope="col">positives</th><th scope="col">negatives</th><th scope="col">p, folds</th></tr></thead>
<tbody>{% for name, one in compared.items() %}<tr data-variant="{{ name }}"><th scope="row">{{ name }}</th><td>{{ one.mcc|signed }}</td><td>{{ one.se|rate }}</td><td>{{ one.p|p }}</td><td>{{ one.p_holm|p }}</td><td>{{ one.gap|signed }}</td><td>[{{ one.gap_low|signed }}, {{ one.gap_high|signed }}]</td><td>{{ one.delong.difference|signed }}</td><td>{{ one.delong.p|p }}</td><td>{{ one.mcnemar.all.p|p }}</td><td>{{ one.mcnemar.positives.p|p }}</td><td>{{ one.mcnemar.negatives.p|p }}</td><td>{{ one.folds.p|p }}</td></tr>
{% endfor %}</tbody>{% endcall %}
<p><small>At each variant's own threshold, out-of-fold. Δ MCC, Δ |SN − SP|: bootstrap over groups of related sequences, both variants on the same resamples, of Δ MCC with thresholds tuned anew; Holm: over all variants. DeLong and McNemar take sequences as independent. Folds: corrected resampled t-test over the folds.{% if models %} Another model or other features than {{ baseline }}, and corrected apart from the losses: {{ models }}.{% endif %}</small></p></details>
{% endif %}
<details><summary>How to read these tables</summary>
<ul class="small"><li><b>95 % interval:</b> of MCC in the population that the sequences come from, at its own class ratio. It is a bootstrap over the {{ selection.groups }} groups of related sequences, which lets that ratio vary; the threshold is fixed.</li>
<li><b>Δ MCC:</b> paired out-of-fold difference with its interval from the same bootstrap, thresholds tuned anew.</li>
<li><b>Stability, first:</b> the spread of the folds' own thresholds over the spread that chance gives at their size. Above {{ limits.amber }} the folds differ; above {{ limits.red }} they differ in kind (red).</li>
<li><b>Stability, second:</b> the widest range of SN or SP when each fold's threshold is applied to all sequences. Above {{ limits.widest }} there are too few sequences to pin the threshold down.</li>
<li><b>Left out:</b> SN − SP when every fold is called by a threshold tuned on the others, the honest forecast of the gap on new data.</li></ul></details>
""",
)
