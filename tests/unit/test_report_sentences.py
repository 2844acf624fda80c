"""Every sentence of the report: the state that it speaks of, and one it must not."""

import ast
import html
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from jinja2 import nodes

from evenfold.config.audit import Audit
from evenfold.config.losses import LOSSES
from evenfold.errors import EvenfoldError
from evenfold.records.evaluation import (
    Called,
    OppositeLabels,
    RememberedLook,
    SinceLook,
)
from evenfold.records.sequences import Finding, Severity
from evenfold.records.weights import WeightsHeader
from evenfold.reporting import sections
from evenfold.reporting.facts import Facts
from evenfold.reporting.pages import ENVIRONMENT
from evenfold.reporting.report import SECTIONS
from evenfold.reporting.sections import (
    badges,
    cross_validation,
    domain,
    earlier_look,
    glossary,
    leaks,
    learning,
    ledger,
    looks_at,
    methods,
    mistakes,
    more_data,
    next_steps,
    notes,
    on_test_set,
    operating_points,
    prediction_sets,
    probabilities,
    provenance,
    published_split,
    qualified,
    shortcuts,
    telling_apart,
    test_and_training,
    verdict,
    whole_proteins,
)
from evenfold.reporting.words import WORDS, loss_in_a_line
from evenfold.sequences.auditing import refuse
from tests.unit import reporting_states as states
from tests.unit.reporting_states import facts


def chosen(**changes):
    """A run whose selection, with focal as champion, is changed."""
    return facts(selection=states.selection(**changes))


def on_test(**changes):
    """A run whose champion reached something else on the test set."""
    return facts(measured=states.rows(**changes))


def counted(**changes):
    """A run whose champion was counted so on the test set, at 0.5 and as tuned."""
    both = states.measured_at_half(**changes), states.measured(**changes)
    return facts(measured=list(both))


def tuned(**changes):
    """A run whose champion was tuned otherwise."""
    return facts(tuned={"bce": states.tuned(), "focal": states.tuned(**changes)})


def kept_half(note):
    """A variant for which 0.5 was kept, and why."""
    return states.tuned(operating_point="0.5", notes=[note])


def audited(**changes):
    """A run whose audit found something else."""
    return facts(audit=states.audit(**changes))


def looked(**changes):
    """A run whose evaluation tells something else."""
    return facts(evaluation=states.evaluation(**changes))


TIE = {
    "champion": "bce",
    "best": states.best(of=2, lead=states.lead()),
    "against_baseline": {"focal": states.difference(mcc=0.012, se=0.021)},
    "against_simplest": None,
}


def tied(**changes):
    """A selection whose champion leads by chance, and tuned its threshold to this."""
    variants = {
        "bce": states.frozen(loss="bce"),
        "focal": states.frozen(oof=states.point(**changes)),
    }
    lead = states.difference(low=-0.01, p_holm=0.21)
    return states.selection(
        variants=variants, against_baseline={"focal": lead}, against_simplest=lead
    )


def alike(p):
    """A lead that may be chance beside a variant that is worse, with this p."""
    worse = states.difference(mcc=-0.08, low=-0.12, high=-0.04, p_holm=p)
    return {"focal": states.difference(low=-0.01, p_holm=0.21), "poly": worse}


CHANCE = facts(selection=tied())
NEVER_TUNED = facts(
    selection=states.selection(
        variants={
            "bce": states.frozen(loss="bce"),
            "focal": states.frozen(
                oof=states.at_half(), operating_point="0.5", threshold=0.5
            ),
        },
        against_baseline={"focal": states.difference(low=-0.01)},
        against_simplest=states.difference(low=-0.01),
    )
)


#: Tuned, and the champion's threshold is 0.5 all the same.
KEPT = facts(
    tuned={
        "bce": states.tuned(),
        "focal": states.tuned(operating_point="0.5", threshold=0.5),
    },
    measured=[states.measured_at_half(deployed=True)],
)


def trusting(trust=None, tested=None):
    """A run whose champion tells prediction sets, judged on the test set too."""
    return facts(
        selection=states.selection(trust=trust or states.trust()),
        evaluation=states.evaluation(trust=tested or states.sets_judged()),
    )


def asked(*models):
    """A run whose models look at something else."""
    return facts(contributions=states.contributions(*models))


UNASKED = asked(
    states.model(positions=[], why_not="its features are vectors of a language model")
)
UNDECIDED = asked(
    states.model(positions=[p for p in states.positions() if p.offset != -1])
)
TWO_DECIDE = asked(
    states.model(
        positions=[
            p.model_copy(update={"residues": states.positions()[1].residues})
            if p.offset == 0
            else p
            for p in states.positions()
        ]
    )
)
ONE_LOWERS = asked(
    states.model(
        positions=[
            p.model_copy(update={"residues": [states.residue("S", -0.6)]})
            if p.offset == 0
            else p
            for p in states.positions()
        ]
    )
)
FEW_GROUPS = asked(states.model(groups=12))
OF_PROTEINS = asked(states.of_proteins(), states.model(variant="bce", champion=False))
TRUSTED = trusting()
UNSEEN = states.before_look(selection=states.selection(trust=states.trust()))
_SAME = object()


def reaching(tested=_SAME, **changes):
    """A run whose champion has a domain, judged on the test set too."""
    bands = states.in_bands() if tested is _SAME else tested
    return facts(
        selection=states.selection(
            trust=states.trust(), domain=states.bands(**changes)
        ),
        evaluation=states.evaluation(trust=states.sets_judged(), bands=bands),
    )


REACHING = reaching()
ONE_LENGTH = states.bands().reach.model_copy(update={"residues": (21, 21)})
#: More data would help focal, and boosting little.
CURVED = facts(
    curve=states.curve(
        states.size_curve(),
        states.size_curve(
            name="gradient boosting (aac, dpc)",
            champion=False,
            gain=(0.002, -0.005, 0.009),
        ),
    )
)
PROBED = states.probe(
    name="composition", what="the share of each amino acid", mcc=0.55, sn=0.78, sp=0.77
)
#: The champion reads aac and dpc; with words of a reduced alphabet it reads more.
COMPOSED = audited(probes=[PROBED])
OTHERWISE = facts(
    audit=COMPOSED.audit,
    settings=states.settings(decides=states.decides(features=["aac", "dayhoff"])),
)
LONGER = states.finding(about="shift", title="Median length 84 in training")
LOWER = facts(
    measured=states.rows(
        mcc=0.41, mcc_low=0.2, mcc_high=0.49, tp=20, fn=5, fp=25, tn=100
    ),
    audit=states.audit(findings=[LONGER]),
)


def parted(*parts, **changes):
    """A run whose look measured the champion on parts of the test set."""
    labels = states.labels_told(alike=list(parts))
    return facts(
        evaluation=states.evaluation(labels=labels), measured=states.rows(**changes)
    )


APART = {"gap": -0.2, "gap_low": -0.3, "gap_high": -0.1}
#: The others are called as the rest: lengths explain nothing.
SAME = states.alike(other=Called(tp=10, fp=2, tn=8, fn=2))
#: Of a composition; negatives of it are called positive.
COMPOSED_OTHERWISE = states.alike(
    by="composition", limits=None, other=Called(tp=12, fp=20, tn=4, fn=1)
)


def opposed(opposite, n=3, kind="exact copies"):
    """A run with copies of test sequences that carry the other label in training."""
    examples = [[f"t{i}", f"r{i}"] for i in range(opposite)]
    one = OppositeLabels(kind=kind, n=n, opposite=opposite, examples=examples)
    return looked(labels=states.labels_told(opposite=[one]))


def windowed(**changes):
    """A run of windows whose proteins are known."""
    return facts(source_proteins=states.source_proteins(**changes))


TWELFTH = {"tp": 60, "fn": 15, "fp": 15, "tn": 60}
PRIOR = facts(
    measured=states.rows(**TWELFTH), selection=states.selection(positives=0.12)
)
DEPLOYED = facts(
    measured=states.rows(**TWELFTH),
    selection=states.selection(positives=0.5, deployment_positives=0.12),
)
LEFT_IN = facts(
    measured=states.rows(mcc=0.76, mcc_low=0.66, mcc_high=0.82),
    split=states.split(policy="report", related_sequences=33),
)
MISSED = states.point(tp=9, fp=60, tn=900, fn=31, sn=0.225, sp=0.9375)
RARE = counted(tp=29, fn=11, fp=759, tn=1350, n=2149, sn=0.72, sp=0.64)
FEW = states.selection(groups_positive=19)
RIVAL = states.probe(what="the length", mcc=0.52, sn=0.76, sp=0.75, name="length")
FAR_RIVAL = RIVAL.model_copy(update={"mcc": 0.38})


def spread(low, high):
    """Intervals over groups of which MCC's is another."""
    own = {"mcc": (low, high), "tuned_mcc": (low - 0.1, high + 0.1)}
    return states.frozen().grouped.model_copy(update=own)


#: A champion of few sequences.
WIDE_INTERVAL = states.selection(
    variants={
        "bce": states.frozen(loss="bce"),
        "focal": states.frozen(grouped=spread(0.3, 0.8)),
    }
)
NOT_EXCLUDED = facts(audit=states.audit(probes=[FAR_RIVAL]), selection=WIDE_INTERVAL)
FOUND = states.finding(
    severity="warning", title="Test sequences are near", detail="Two are.",
    examples=[["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]],
)  # fmt: skip
SHORTCUT = states.finding(severity="serious", about="shortcut")
SERIOUS = states.finding(severity="serious", title="12 test sequences are copies")
GONE = states.finding(
    severity="serious", about="removed", title="60 of 150 test sequences had relatives"
)
CUT = states.split(
    related={"homologs": 90}, related_sequences=90,
    related_test={"homologs": 60}, related_test_sequences=60,
)  # fmt: skip
WEAKER = GONE.model_copy(update={"severity": "warning"})
REMOVED = facts(split=CUT, audit=states.audit(findings=[GONE]))
PAPERS = states.settings(
    published=[
        {"method": "Ours 2019", "sn": 0.91, "sp": 0.83, "mcc": 0.74, "acc": 0.87},
        {"method": "Theirs 2021", "auroc": 0.93},
    ]
)
FEEDBACK = states.decides(
    bce={"name": "snsp", "mode": "seed_fixed"}, focal={"name": "focal"}
)
LOGISTIC = states.decides(model="logistic_regression")
OWN = tuned(
    points=states.tuned().points
    | {"tests.unit.reporting_states:own_criterion": states.point(threshold=0.31)}
)
ELSEWHERE = RememberedLook(selection="1ost", dataset="other", recorded="2026-01-01")
OLDER = SinceLook(changed=[], told="The look was recorded by evenfold 0.1.0.")
RETRAINED = facts(
    evaluation=states.retrained(),
    measured=[
        states.measured_at_half(variant="bce"), states.measured(variant="bce"),
    ],
)  # fmt: skip
EARLIER_UNTUNED = states.withheld(
    evaluation=states.evaluation_withheld(
        earlier=[
            states.evaluation_withheld()
            .earlier[0]
            .model_copy(update={"operating_point": "0.5"})
        ]
    )
)
UNTUNED = facts(
    tuned={"bce": states.untuned(), "focal": states.untuned()},
    measured=[states.measured_at_half(deployed=True)],
)


BOOSTED = facts(
    settings=states.settings(decides=states.decides(model="gradient_boosting"))
)
#: Mistakes on the novel ones, and on the others.
ERRING = [
    facts(
        called=states.called(
            80, label=1, identity=[0.2] * 40 + [0.6] * 40,
            score=([0.1] * 30 + [0.9] * 50)[::order],
        )
    )
    for order in (1, -1)
]  # fmt: skip


class Spoken(NamedTuple):
    """A sentence, the section that says it, a state of it, and one of the opposite.

    None: said in all states.
    """

    section: object
    sentence: str
    state: Facts
    opposite: Facts | None


#: Settings of which model and features were left out.
FILLED = states.settings(decides=states.decides(given={}))
WINDOWS = states.split(
    kind="windows", kind_reason="all training sequences have 31 letters"
)

SPOKEN = [
    Spoken(badges, "threshold stability (models at hand)", RETRAINED, facts()),
    # The verdict.
    Spoken(
        verdict,
        "focal at threshold 0.400 reaches MCC 0.59 [0.45, 0.71] with SN 0.80 and SP 0.79 "
        "on 150 independent test sequences.",
        facts(), states.before_look(),
    ),
    Spoken(
        verdict,
        "with SN 0.72 and SP 0.64, precision (PPV) 0.037 [0.026, 0.052], 29 of 788 calls "
        "right on 2149 independent test sequences.",
        RARE, counted(tp=25, fn=5, fp=20, tn=100),
    ),
    Spoken(
        verdict, "SP 0.64, precision (PPV) unknown: nothing is called positive",
        counted(tp=0, fn=10, fp=0, tn=990, sp=0.64), facts(),
    ),
    Spoken(
        verdict,
        "In cross-validation focal at threshold 0.400 reaches MCC 0.60 [0.51, 0.69] with "
        "SN 0.80 and SP 0.80.",
        states.before_look(), facts(),
    ),
    Spoken(
        verdict,
        "At the untuned threshold 0.5 the same model has MCC 0.56 [0.42, 0.68] with SN "
        "0.60 and SP 0.93. Cross-validation had promised MCC 0.60 [0.50, 0.70] with SN "
        "0.80 and SP 0.80; the interval counts tuning in.",
        facts(), states.before_look(),
    ),
    Spoken(
        verdict,
        "In cross-validation the models at hand reach MCC 0.60 [0.51, 0.69] with SN 0.80 "
        "and SP 0.80 with focal.",
        RETRAINED, facts(),
    ),
    Spoken(
        notes,
        "These models were trained again since the look of 2 January 2026. To look once "
        "more, at the models at hand, with a reason that the report will show for ever, "
        "add to the configuration: allow_look: # where this key stands already, add the "
        "entry to it - selection: "
        '"5e1ec7ed00000000" models: "ab12" reason: why',
        RETRAINED, facts(),
    ),
    Spoken(
        notes, "The look was recorded by evenfold 0.1.0.",
        looked(since_look=OLDER), facts(),
    ),
    Spoken(
        notes,
        "20 of 150 labels of the test set were changed since the look of 2 January 2026: "
        "the result shown is under the labels of the look. To have the stored "
        "predictions scored again under the labels at hand, beside the original and with "
        "a reason that the report will show for ever, add to the configuration: "
        'amend_labels: # where this key stands already, add the entry to it - selection: '
        '"5e1ec7ed00000000" labels: "cd34" reason: why',
        facts(evaluation=states.relabelled()), facts(),
    ),
    Spoken(
        notes,
        "Amended on 2026-01-03: 20 labels of the test set were corrected after the look. "
        "Under the corrected labels the same predictions of bce have MCC 0.43 [0.31, "
        "0.55] with SN 0.71 and SP 0.72; everything else here is the original. Reason "
        "given: the curators moved 20",
        facts(evaluation=states.amended()), facts(),
    ),
    Spoken(
        verdict,
        "MCC alone would prefer 0.5 here (0.560 against 0.510), at the price of one class "
        "(|SN − SP| 0.330 against 0.010): read it beside SN and SP.",
        on_test(mcc=0.51), facts(),
    ),
    Spoken(
        verdict, "The independent test set was not looked at by this selection.",
        states.withheld(), states.before_look(),
    ),
    Spoken(
        verdict, "No look at the independent test set was taken for this page.",
        states.before_look(), states.withheld(),
    ),
    Spoken(
        qualified, "No other variant was trained.",
        chosen(best=states.best(of=1, lead=None), against_simplest=None), facts(),
    ),
    Spoken(
        qualified, "No other variant beat bce out-of-fold.",
        chosen(against_baseline={}, against_simplest=None), facts(),
    ),
    Spoken(
        qualified,
        "No other variant beat bce out-of-fold: the nearest, focal, is at -0.020 MCC "
        "[-0.050, +0.010]. Each at its own threshold, no other variant of the same network "
        "differs from bce in MCC by more than chance (smallest p = 0.310 after Holm's "
        "correction for 1 comparison).",
        chosen(
            champion="bce", best=states.best(variant="bce", lead=None),
            against_baseline={
                "focal": states.difference(mcc=-0.02, low=-0.05, high=0.01, p_holm=0.31)
            },
            against_simplest=None,
        ),
        facts(),
    ),
    Spoken(
        qualified,
        "No other variant beat boosting out-of-fold: it leads bce by +0.080 MCC [+0.040, "
        "+0.120].",
        chosen(
            champion="boosting", simplest="boosting", against_simplest=None,
            other_models={"boosting": states.difference()},
            best=states.best(variant="boosting", lead=None),
            variants={
                **states.selection().variants, "boosting": states.frozen(loss="bce"),
            },
        ),
        facts(),
    ),
    # An interval that reaches zero is none where the test, corrected, says otherwise.
    Spoken(
        qualified, "no other variant of the same network differs from bce in MCC",
        chosen(against_baseline={"focal": states.difference(p_holm=0.051)}), facts(),
    ),
    Spoken(
        qualified,
        "focal leads bce by +0.012 MCC out-of-fold, within the 0.021 by which the best of 2 "
        "equal variants may lead by chance: a tie, and the simpler one is kept.",
        chosen(**TIE), facts(),
    ),
    Spoken(
        qualified,
        "The lead of focal over bce, the simplest, is +0.080 MCC out-of-fold, with a 95 % "
        "interval that holds zero ([-0.010, +0.120]).",
        CHANCE, facts(),
    ),
    Spoken(
        qualified,
        "From 0.5 to the tuned threshold MCC changes by +0.030 [-0.102, +0.147] and |SN − "
        "SP| by -0.320 [-0.418, -0.088] on the test set (95 %, sequences taken as "
        "independent).",
        facts(), NEVER_TUNED,
    ),
    Spoken(
        qualified,
        "MCC changes by +0.050 [-0.052, +0.153] and |SN − SP| by -0.320 [-0.387, -0.121] "
        "out-of-fold (95 %, sequences taken as independent). The threshold does the "
        "work, not the loss.",
        states.before_look(selection=CHANCE.selection), facts(),
    ),
    # No work was done where MCC, or balance, is worse for it.
    *(
        Spoken(qualified, "The threshold does the work, not the loss.", CHANCE, state)
        for state in (
            facts(selection=CHANCE.selection, measured=states.rows(mcc=0.51)),
            facts(selection=CHANCE.selection, measured=states.rows(gap=-0.4)),
            facts(selection=tied(mcc=0.54)),
            facts(selection=tied(gap=0.4)),
            NEVER_TUNED,
        )
    ),
    # One that differs after correction, for worse as for better, is a loss that matters.
    *(
        Spoken(
            qualified, "The threshold does the work, not the loss.",
            chosen(variants=tied().variants, against_baseline=alike(0.051)),
            chosen(variants=tied().variants, against_baseline=alike(p)),
        )
        for p in (0.05, 0.001)
    ),
    Spoken(
        qualified, "(smallest p = 0.051 after Holm's correction for 2 comparisons)",
        chosen(variants=tied().variants, against_baseline=alike(0.051)), facts(),
    ),
    Spoken(
        qualified, "[+0.040, +0.120] (p < 0.001).",
        chosen(against_simplest=states.difference(p=0.0)), facts(),
    ),
    Spoken(
        verdict, "focal at threshold 0.00042 reaches", on_test(threshold=0.00042), facts()
    ),
    Spoken(
        qualified,
        "Out-of-fold focal beats bce, the simplest, by +0.080 MCC [+0.040, +0.120] (p = "
        "0.002).",
        facts(), chosen(**TIE),
    ),
    Spoken(
        qualified,
        "Being the largest of 3 flatters: the best out-of-fold MCC, that of focal, is 0.601, "
        "and 0.588 once that luck is taken out.",
        facts(), chosen(best=states.best(of=1), against_baseline={}),
    ),
    # The badges.
    Spoken(badges, "MCC, test 0.590", facts(), states.before_look()),
    Spoken(badges, "MCC, out-of-fold 0.600", states.before_look(), facts()),
    Spoken(badges, "SN / SP 0.800 / 0.790", facts(), states.before_look()),
    Spoken(badges, "|SN − SP| 0.010", facts(), states.before_look()),
    Spoken(badges, "threshold stability folds agree", facts(), UNTUNED),
    Spoken(badges, "threshold stability not tuned", UNTUNED, facts()),
    Spoken(badges, "leaks none found", facts(), audited(findings=[FOUND])),
    Spoken(
        badges,
        "leaks removed: 40% of the test set (60 of 150) had relatives in training",
        REMOVED, facts(),
    ),
    Spoken(
        badges,
        "leaks warnings; removed: 40% of the test set (60 of 150) had relatives in",
        facts(split=CUT, audit=states.audit(findings=[FOUND, GONE])), REMOVED,
    ),
    Spoken(
        badges, "leaks removed: 90 relatives of the test set",
        facts(split=CUT.model_copy(update={"related_test_sequences": None})), REMOVED,
    ),
    Spoken(badges, "leaks warnings", audited(findings=[FOUND]), facts()),
    Spoken(badges, "leaks serious", audited(findings=[FOUND, SERIOUS]), facts()),
    Spoken(badges, "best shortcut length, MCC 0.11", facts(), audited(probes=None)),
    Spoken(badges, "looks at this test set 1", facts(), states.before_look()),
    Spoken(
        badges, "looks at this test set 2 (practice)",
        looked(policy="practice", looks=[states.look(), states.look(look=2)]), facts(),
    ),
    # The notes.
    Spoken(
        notes,
        "Not evaluated: this test set was looked at before. To look once more, add to "
        "the configuration: allow_look: - selection: 5e1ec7ed00000000",
        states.withheld(), facts(),
    ),
    Spoken(
        notes, "This is look 2 at this test set. Reason given: a corrected label file",
        looked(look=states.look(look=2, reason="a corrected label file")), facts(),
    ),
    Spoken(
        notes,
        "This is look 3 at this test set, under the practice policy: what earlier looks "
        "showed may have shaped the choices, and then the result flatters.",
        looked(look=states.look(look=3, policy="practice"), policy="practice"), facts(),
    ),
    Spoken(
        notes,
        "The MLflow record tells of looks at this test set that the ledger does not "
        "hold: 2026-01-01, data set other, selection 1ost. Either the ledger was "
        "deleted, or another one is in use: this was not the first look.",
        looked(elsewhere=[ELSEWHERE]), facts(),
    ),
    Spoken(
        notes,
        "The MLflow store did not answer when the test set was looked at: earlier looks "
        "that the ledger does not hold would not show here, and this run may not be "
        "uploaded yet. The next snakemake, or evenfold track results/demo, uploads it "
        "once the store answers.",
        looked(elsewhere=None), facts(),
    ),
    Spoken(
        notes,
        "Of the 120 groups of related training sequences 19 hold positives: below 20 of a "
        "class the intervals of the cross-validation are not to be relied on.",
        facts(selection=FEW), chosen(groups_positive=20),
    ),
    Spoken(
        notes,
        "A shortcut rivals the models: the length alone predicts the class with MCC 0.52 "
        "out-of-fold (SN 0.76, SP 0.75), and the champion reaches 0.60.",
        audited(probes=[RIVAL]), facts(),
    ),
    Spoken(
        notes,
        "The sequences are too few to exclude that a shortcut rivals the models: the "
        "length alone predicts the class with MCC 0.38 out-of-fold (SN 0.76, SP 0.75), "
        "and the champion reaches 0.60 [0.30, 0.80].",
        NOT_EXCLUDED, audited(probes=[FAR_RIVAL]),
    ),
    Spoken(
        notes,
        "MCC -0.400 (chance: 0). So far below ([-0.550, -0.250]) it has learned something: "
        "see whether the two classes of the test set are exchanged.",
        on_test(mcc=-0.4, mcc_low=-0.55, mcc_high=-0.25),
        on_test(mcc=-0.1, mcc_low=-0.25, mcc_high=0.05),
    ),
    Spoken(
        notes,
        "On the test set focal is below chance: AUROC 0.349 (chance: 0.5), MCC -0.010 "
        "(chance: 0).",
        on_test(auroc=0.349, mcc=-0.01), on_test(auroc=0.349),
    ),
    Spoken(
        notes, "On the test set focal is below chance: AUROC 0.349 (chance: 0.5).",
        on_test(auroc=0.349), on_test(auroc=0.5),
    ),
    Spoken(
        notes, "On the test set focal is below chance: MCC -0.010 (chance: 0).",
        on_test(mcc=-0.01), on_test(mcc=0.0),
    ),
    Spoken(
        notes,
        "On the test set focal is below a logistic regression on the share of each amino "
        "acid in MCC (0.590 against 0.600), not in AUROC (0.860 against 0.570).",
        looked(probes=[PROBED.model_copy(update={"mcc": 0.6})]),
        looked(probes=[PROBED.model_copy(update={"mcc": 0.59})]),
    ),
    Spoken(
        notes,
        "the share of each amino acid in AUROC (0.860 against 0.861), not in MCC (0.590 "
        "against 0.100).",
        looked(probes=[PROBED.model_copy(update={"mcc": 0.1, "auroc": 0.861})]),
        looked(probes=[PROBED.model_copy(update={"mcc": 0.1, "auroc": None})]),
    ),
    Spoken(
        notes,
        "acid in MCC (0.590 against 0.600) and AUROC (0.860 against 0.861).",
        looked(probes=[PROBED.model_copy(update={"mcc": 0.6, "auroc": 0.861})]),
        looked(probes=[PROBED.model_copy(update={"mcc": 0.6, "auroc": None})]),
    ),
    Spoken(
        notes,
        "On the test set MCC is 0.410, below the interval that cross-validation "
        "promised, tuning counted in ([0.500, 0.700]). Likely reasons: another class "
        "ratio, 50% positive expected and 17% in the test set, on which MCC depends: "
        "without that it would be 0.590; a shift: Median length 84 in training.",
        LOWER, facts(),
    ),
    Spoken(
        notes,
        "Likely reasons: a shift: MCC 0.633 [0.478, 0.776] among the 110 test sequences "
        "as long as 95 % of the training ones (20 to 40 residues), and -0.280 [-0.563, "
        "0.075] among the 40 others.",
        parted(
            states.alike(other=Called(tp=3, fp=12, tn=13, fn=12)),
            mcc=0.41, mcc_low=0.3, mcc_high=0.49,
        ),
        parted(SAME, mcc=0.41, mcc_low=0.3, mcc_high=0.49),
    ),
    Spoken(
        notes,
        "50% of the test set are positive (75 of 150), and 12% of the training data. SN "
        "and SP do not depend on that; MCC and precision (PPV) do: at 12% the same SN "
        "and SP would mean MCC 0.43 and precision 0.34 instead of 0.59 and 0.80. "
        "selection: {deployment_positives: ...} tunes for the share that is expected "
        "where the model will be used.",
        PRIOR, facts(),
    ),
    Spoken(
        notes, "and 12% as deployment_positives says. SN and SP", DEPLOYED, PRIOR
    ),
    Spoken(
        notes,
        "3 of 3 test sequences with exact copies in the training data as given carry the "
        "opposite label there, 2.0% of the test set (test ~ training: t0 ~ r0, t1 ~ r1, "
        "t2 ~ r2). Of each pair one label is wrong, or the sequence does not decide it: "
        "no model can have both right.",
        opposed(3), opposed(0),
    ),
    Spoken(
        notes,
        "A method that sees whole proteins profits from what no window shows: with the "
        "protein's length, its number of possible sites and the site's place beside the "
        "score of focal, out-of-fold AUROC goes from 0.822 to 0.848 (+0.026 [+0.020, "
        "+0.032]). Among sites of one protein it goes from 0.854 to 0.857 (+0.003 "
        "[-0.002, +0.008]): which site of a protein is positive is known no better. Of "
        "the sites of the shortest quarter of the proteins 68% are positive, of the "
        "longest quarter 28%; 39 of 40 proteins have a positive site.",
        windowed(), windowed(auroc_with=0.831),
    ),
    Spoken(
        notes,
        "(+0.021 [-0.002, +0.008]): sites of one protein are told apart better too. Of",
        windowed(within_with=0.875), windowed(),
    ),
    Spoken(
        notes, "A method that sees whole proteins",
        windowed(), windowed(auroc_difference=(-0.001, 0.05)),
    ),
    Spoken(
        whole_proteins,
        "What whole proteins tell, and no window shows 200 training sites of 40 "
        "proteins; 39 of these have a positive one. Out-of-fold AUROC over all sites, "
        "and over the 300 pairs of a positive and a negative of one protein, where the "
        "protein as a whole tells nothing. Predictors that see whole proteins predictor "
        "AUROC within proteins focal, the "
        "champion 0.822 0.854 [0.840, 0.868] the same with length, number and place "
        "beside it 0.848 0.857 the length of the protein 0.650 0.500 the relatives 0.630 "
        "– Positive, by length of the protein: 68 % (46 to 213 residues), 28 % (214 to "
        "900 residues). The labels of relatives are known to nobody who predicts; they "
        "tell how alike sites of one protein or group are. Interval: 95 %, bootstrap "
        "over groups.",
        windowed(), facts(),
    ),
    Spoken(
        whole_proteins,
        "The whole proteins are not at hand: length and number are the least that the "
        "windows show.",
        windowed(exact=False), windowed(above_windows=None),
    ),
    Spoken(
        notes, "1 of 9 test sequences with relatives of 90% identity in the training",
        opposed(1, 9, "relatives of 90% identity"), facts(),
    ),
    Spoken(
        notes,
        "SN − SP is -0.200 [-0.300, -0.100] on the test set, and was +0.000 out-of-fold. "
        "The gap is of test sequences that differ from the training ones: it is +0.033 "
        "[-0.110, +0.183] among the 110 test "
        "sequences as long as 95 % of the training ones (20 to 40 residues), and -0.693 "
        "[-0.854, -0.397] among the 40 others (95 %, sequences taken as independent). No "
        "threshold tuned on the training data can remove it.",
        parted(states.alike(), **APART), parted(SAME, **APART),
    ),
    Spoken(
        notes,
        "among the 110 test sequences composed as 95 % of the training ones are, and "
        "+0.756 [+0.436, +0.875] among the 37 others",
        parted(COMPOSED_OTHERWISE, gap=0.2, gap_low=0.1, gap_high=0.3),
        parted(COMPOSED_OTHERWISE, **APART),
    ),
    Spoken(
        notes,
        "On the test set MCC is 0.760, above the interval that cross-validation "
        "promised, tuning counted in ([0.500, 0.700]). Likely reasons: chance, for the "
        "test set's own interval [0.660, 0.820] reaches into it; a score on the test set "
        "is the mean of 5 members, and out-of-fold of 1; 33 training sequences are "
        "related to the test set.",
        LEFT_IN, on_test(mcc=0.7),
    ),
    Spoken(
        notes, "([0.500, 0.700]). Likely reasons: none that the records show.",
        on_test(mcc=0.41, mcc_low=0.3, mcc_high=0.49),
        facts(evaluation=states.retrained(), measured=states.rows(mcc=0.41)),
    ),
    Spoken(
        notes,
        "focal reads compositions alone (aac, dpc), and a logistic regression on the "
        "share of each amino acid is level with it: MCC 0.55 (SN 0.78, SP 0.77) beside "
        "0.60 out-of-fold. It is a model of composition.",
        COMPOSED, OTHERWISE,
    ),
    Spoken(
        notes,
        "share of each amino acid is above its interval: MCC 0.75 (SN 0.78, SP 0.77) "
        "beside 0.60 [0.51, 0.69] out-of-fold.",
        audited(probes=[PROBED.model_copy(update={"mcc": 0.75})]), COMPOSED,
    ),
    Spoken(
        notes, "A shortcut rivals the models: the share of each amino acid alone",
        OTHERWISE, COMPOSED,
    ),
    Spoken(
        notes, "Audit: 12 test sequences are copies.",
        audited(findings=[SERIOUS]), audited(findings=[FOUND]),
    ),
    Spoken(
        notes,
        "Audit: 60 of 150 test sequences had relatives. To see what they are worth to "
        "the result, trained as most papers do beside this split: snakemake --cores 8 "
        "--config 'split={as_published: true}'",
        REMOVED, facts(split=CUT, audit=states.audit(findings=[WEAKER])),
    ),
    Spoken(
        notes, "Audit: 60 of 150 test sequences had relatives. Trained as most papers",
        states.compared(split=CUT, audit=REMOVED.audit), REMOVED,
    ),
    Spoken(
        notes,
        "The folds disagree widely about the champion's threshold: their own thresholds "
        "spread 1.0 times as far as chance explains, and change SN or SP by up to 0.02. "
        "See the stability column.",
        tuned(stability=states.stability(flag="red")),
        tuned(stability=states.stability(flag="amber")),
    ),
    Spoken(
        notes,
        "their own thresholds spread where chance alone moves none, and change SN or SP by",
        tuned(stability=states.stability(flag="red", ratio=math.inf)),
        tuned(stability=states.stability(flag="red")),
    ),
    Spoken(
        notes,
        "The folds' score distributions differ (Kolmogorov-Smirnov, Holm-corrected p < "
        "0.01) for focal; pooled thresholds are less reliable there.",
        tuned(
            comparability=states.Comparability(
                largest_ks=0.4, holm_p=0.001, comparable=False
            )
        ),
        facts(),
    ),
    Spoken(
        notes,
        "The test set has 75 negatives, and of its 140 groups of related sequences 19 hold "
        "positives: below 50 sequences or 20 groups of a class the intervals are not to be "
        "relied on.",
        looked(groups_of_class=(19, 121)), looked(groups_of_class=(20, 120)),
    ),
    Spoken(
        notes,
        "The test set has 49 positives, and of its 140 groups of related sequences 60 hold "
        "negatives: below 50",
        on_test(tp=30, fn=19), on_test(tp=31, fn=19),
    ),
    Spoken(
        notes,
        "SN − SP is -0.200 [-0.300, -0.100] on the test set, and was +0.000 out-of-fold. "
        "Either the threshold is not pinned down well (see its "
        "stability), or the test set differs from the training data, and no threshold "
        "tuned on those can remove the gap.",
        on_test(gap=-0.2, gap_low=-0.3, gap_high=-0.1, gap_tuning_low=-0.42,
                gap_tuning_high=-0.03), facts(),
    ),
    Spoken(
        notes,
        "SN − SP is -0.200 [-0.300, -0.100] on the test set, and was +0.000 out-of-fold. "
        "The threshold is not pinned down well (see its stability): with tuning counted "
        "in the interval is [-0.420, +0.030], which holds zero.",
        on_test(gap=-0.2, gap_low=-0.3, gap_high=-0.1, gap_tuning_low=-0.42,
                gap_tuning_high=0.03),
        on_test(gap=-0.2, gap_low=-0.3, gap_high=-0.1, gap_tuning_low=-0.42,
                gap_tuning_high=-0.03),
    ),
    Spoken(
        notes,
        "SN − SP is +0.200 [+0.100, +0.300] on the test set, and was +0.000 out-of-fold.",
        on_test(gap=0.2, gap_low=0.1, gap_high=0.3), facts(),
    ),
    Spoken(
        notes,
        "SN − SP is -0.200 [-0.300, -0.100] on the test set, and was -0.150 out-of-fold. "
        "The threshold that is deployed does not balance them; selection: {criterion: "
        "sn_eq_sp} asks for one that does.",
        facts(
            selection=tied(gap=-0.15),
            measured=states.rows(gap=-0.2, gap_low=-0.3, gap_high=-0.1),
        ),
        on_test(gap=-0.2, gap_low=-0.3, gap_high=-0.1),
    ),
    Spoken(
        notes,
        "out-of-fold. Either it is the chance that one test set in twenty has, or the test "
        "set differs from the training data, and no threshold tuned on those can remove",
        facts(tuned=UNTUNED.tuned, measured=states.rows(
            **APART, gap_tuning_low=-0.3, gap_tuning_high=-0.1)),
        facts(measured=states.rows(**APART)),
    ),
    Spoken(
        verdict,
        "Cross-validation had promised MCC 0.55 [0.51, 0.69] with SN 0.60 and SP 0.92.",
        facts(selection=NEVER_TUNED.selection), facts(),
    ),
    # Where nothing could be tuned no criterion would help.
    Spoken(
        notes,
        "and was -0.320 out-of-fold. Threshold 0.5, which was kept, does not balance them.",
        facts(
            selection=NEVER_TUNED.selection, tuned=UNTUNED.tuned,
            measured=states.rows(gap=-0.34, gap_low=-0.4, gap_high=-0.1),
        ),
        facts(
            selection=tied(gap=-0.15),
            measured=states.rows(gap=-0.2, gap_low=-0.3, gap_high=-0.1),
        ),
    ),
    Spoken(
        notes,
        "On the test set MCC is 0.430, below the interval that cross-validation promised "
        "([0.510, 0.690]).",
        facts(selection=NEVER_TUNED.selection, measured=states.rows(mcc=0.43)),
        # What another threshold would have given was promised by nobody.
        facts(selection=NEVER_TUNED.selection, measured=states.rows(mcc=0.52)),
    ),
    Spoken(
        notes,
        "poly, copy: on these training data the same loss as focal (the logits would "
        "differ by less than 0.002); trained once and reported as one.",
        states.twins(), facts(),
    ),
    Spoken(
        notes, "focal: At 0.5 SN and SP are as near: 0.5 is kept.",
        tuned(notes=["At 0.5 SN and SP are as near: 0.5 is kept."]), facts(),
    ),
    # What is the same of all is said once.
    Spoken(
        notes, "Every variant: At 0.5 SN and SP are as near: 0.5 is kept.",
        facts(tuned=dict.fromkeys(["bce", "focal"], states.tuned(
            notes=["At 0.5 SN and SP are as near: 0.5 is kept."]))),
        tuned(notes=["At 0.5 SN and SP are as near: 0.5 is kept."]),
    ),
    Spoken(
        notes, "focal: At 0.5 it is nearer. For reasons like this 0.5 is also kept for bce.",
        facts(tuned={"bce": kept_half("At 0.5 it is near."),
                     "focal": kept_half("At 0.5 it is nearer.")}),
        facts(tuned={"bce": kept_half("At 0.5 it is near."), "focal": states.tuned()}),
    ),
    Spoken(
        notes,
        "Trained as most papers do, with relatives of the test set left in and folds at "
        "random, focal would show MCC 0.81 [0.45, 0.71] on the test set instead of 0.59 "
        "[0.45, 0.71]: see “Beside "
        "the published split”.",
        states.compared(), facts(),
    ),
    Spoken(
        notes,
        "focal would show MCC 0.77 [0.52, 0.68] out-of-fold instead of 0.60 [0.52, 0.68]: see “Beside the "
        "published split”.",
        states.before_look(beside=states.beside(measured=[])), states.compared(),
    ),
    # On the test set.
    Spoken(
        on_test_set,
        "A sequence is called positive when its score reaches the threshold, which stays "
        "at 0.5.",
        KEPT, facts(),
    ),
    Spoken(
        on_test_set,
        "On the independent test set 150 sequences, looked at after every choice below "
        "was frozen. A sequence is called positive when its score reaches the threshold; "
        "the tuned threshold (SN = SP) comes from cross-validation alone.",
        facts(), states.before_look(),
    ),
    Spoken(
        on_test_set,
        "The champion, 95 % intervals of the classifier as it is: SN [0.700, 0.870], SP "
        "[0.690, 0.860], SN − SP [-0.110, +0.130], MCC [0.450, 0.710]; counting also "
        "that another training set would have given another threshold: SN [0.660, "
        "0.900], SP [0.650, 0.890], SN − SP [-0.190, +0.210], MCC [0.430, 0.730].",
        facts(), UNTUNED,
    ),
    Spoken(
        on_test_set, "SN − SP [-0.110, +0.130], MCC [0.420, 0.680].", UNTUNED, facts()
    ),
    Spoken(
        on_test_set,
        "variant operating point threshold SN SP SN − SP MCC 95 % interval PPV NPV F1 ACC AUROC AUPRC Brier TP / FP "
        "/ TN / FN bce untuned 0.500",
        facts(), states.before_look(),
    ),
    Spoken(
        on_test_set, "0.710] 0.037 [0.026, 0.052] 0.9919 0.070 0.790", RARE, facts(),
    ),
    Spoken(
        on_test_set,
        "PPV (precision), NPV and F1 depend on the share of positives. An interval of "
        "PPV stands where fewer than one sequence in five is positive: Wilson's, the "
        "calls taken as independent.",
        facts(), states.before_look(),
    ),
    Spoken(
        badges, "precision (PPV) 0.037 [0.026, 0.052] |SN − SP|", RARE, facts(),
    ),
    Spoken(on_test_set, "focal untuned 0.500", facts(), states.before_look()),
    Spoken(
        on_test_set, "sn_eq_sp 0.400 0.800 0.790 +0.010 0.590 [0.450, 0.710] 0.789 0.797 0.795 0.790 0.860 "
        "0.850 0.220 60 / 16 / 59 / 15", facts(), states.before_look(),
    ),
    Spoken(
        on_test_set, "Ours 2019 published 0.910 0.830 +0.080 0.740 0.870",
        facts(settings=PAPERS), facts(),
    ),
    Spoken(
        on_test_set, "Theirs 2021 published 0.930", facts(settings=PAPERS), facts()
    ),
    # The earlier look.
    Spoken(
        earlier_look, "The earlier look at this test set", states.withheld(), facts()
    ),
    Spoken(
        earlier_look, "2026-01-02 before bce sn_eq_sp 0.440 0.710 0.720 -0.010 0.430 "
        "[0.310, 0.550]", states.withheld(), facts(),
    ),
    Spoken(earlier_look, "before bce untuned 0.440", EARLIER_UNTUNED, states.withheld()),
    # Cross-validation.
    Spoken(
        cross_validation,
        "Another model or other features than bce, and corrected apart from the losses: "
        "boosting.",
        chosen(other_models={"boosting": states.difference()}), facts(),
    ),
    Spoken(
        cross_validation,
        "The sequences were taken for windows, since all training sequences have 31 "
        "letters; by default these are trained by feedforward on aac, dpc.",
        facts(settings=FILLED, split=WINDOWS),
        facts(settings=FILLED, split=states.split(kind=None)),
    ),
    Spoken(
        cross_validation, "The sequences were taken for windows",
        facts(settings=FILLED, split=WINDOWS), facts(split=WINDOWS),
    ),
    Spoken(
        cross_validation,
        "Two comparisons are made. Losses, in the table, against bce of the same network "
        "and features. And the champion against the simplest model: focal less bce is "
        "+0.080 MCC [+0.040, +0.120] and +0.030 AUROC (standard error 0.010).",
        facts(), chosen(against_simplest=None),
    ),
    Spoken(
        cross_validation,
        "In cross-validation, where everything was chosen 200 training sequences, 100 "
        "positive, in 5 folds by groups of related sequences. Every sequence is scored by "
        "the members that did not see its fold. focal has the largest out-of-fold MCC.",
        facts(), None,
    ),
    Spoken(
        cross_validation,
        "The largest of 3 is optimistic: focal has MCC 0.601 out-of-fold, and 0.588 when "
        "every choice is made on resampled groups and scored on those left out.",
        facts(), chosen(best=states.best(of=1)),
    ),
    Spoken(
        cross_validation,
        "bce bce 0.400 0.800 / 0.800 0.600 [0.510, 0.690] – +0.012 "
        "folds agree (thresholds spread 1.0 times as far as chance explains; SN or SP moves by up to 0.02)",
        facts(), UNTUNED,
    ),
    Spoken(
        cross_validation,
        "bce bce 0.500 0.600 / 0.920 0.550 [0.510, 0.690] – – not tuned",
        UNTUNED, facts(),
    ),
    Spoken(
        cross_validation, "bce 0.870 0.600 / 0.920 -0.320 0.550 0.800 0.800 0.800",
        facts(), UNTUNED,
    ),
    Spoken(
        cross_validation, "bce 0.870 0.600 / 0.920 -0.320 0.550 0.882 0.697 0.714",
        UNTUNED, facts(),
    ),
    Spoken(cross_validation, "+0.080 [+0.040, +0.120]", facts(), chosen(**TIE)),
    Spoken(cross_validation, "focal = poly = copy", states.twins(), facts()),
    Spoken(
        cross_validation, "bce snsp (seed fixed) (positive feedback) 0.400",
        facts(settings=states.settings(decides=FEEDBACK)), facts(),
    ),
    Spoken(
        cross_validation, "bce bce, logistic regression 0.400",
        facts(settings=states.settings(decides=LOGISTIC)), facts(),
    ),
    Spoken(
        cross_validation,
        "Every test against bce Every test against the baseline, out-of-fold variant Δ MCC standard error p p, Holm Δ |SN − SP| 95 % "
        "interval Δ AUROC p, DeLong p, McNemar: all positives negatives p, folds "
        "focal +0.080 0.020 0.002 0.006 -0.011 [-0.030, +0.010] +0.030 0.003 0.004 0.004 "
        "0.004 0.030",
        facts(), chosen(against_baseline={}),
    ),
    Spoken(
        cross_validation,
        "At each variant's own threshold, out-of-fold. Δ MCC, Δ |SN − SP|: bootstrap over "
        "groups of related sequences, both variants on the same resamples, of Δ MCC with "
        "thresholds tuned anew; Holm: over all variants. DeLong and McNemar take sequences as independent. Folds: corrected "
        "resampled t-test over the folds.",
        facts(), chosen(against_baseline={}),
    ),
    # Operating points.
    Spoken(
        operating_points,
        "Out-of-fold SN, SP and MCC over the threshold. Solid line: the variant's threshold; "
        "dashed: 0.5; ticks below: the threshold each fold would have chosen alone. Other "
        "operating points of the champion, out-of-fold Intervals: of MCC in the "
        "population, by a bootstrap of sequences taken as independent; those of the tables "
        "above are over groups, and wider where relatives are alike. An interval of PPV, "
        "where positives are rare, is Wilson's.",
        facts(), None,
    ),
    Spoken(
        operating_points,
        "threshold 0.5 0.500 0.600 0.920 0.882 0.697 0.714 -0.320 0.550 [0.450, 0.640] SN "
        "= SP 0.400 0.800 0.800 0.800 0.800 0.800 0.000 0.600 [0.520, 0.680] largest MCC "
        "0.450",
        facts(), UNTUNED,
    ),
    Spoken(
        operating_points,
        "largest MCC 0.450 0.800 0.800 0.800 0.800 0.800 0.000 0.610 [0.520, 0.680] A criterion of a user "
        "0.310",
        OWN, facts(),
    ),
    # Learning.
    # What the model looks at.
    Spoken(
        looks_at,
        "How much each residue, or number made of the sequence, raises or lowers the "
        "logit. Asked of training sequences, each put to the members that trained on no "
        "sequence of its group; a group counts as one, and no test sequence was read.",
        facts(), UNASKED,
    ),
    Spoken(
        looks_at,
        "This is what the model goes by, an association in these data: it does not show "
        "that a residue causes the function, and says nothing of what the model has no "
        "use for.",
        facts(), UNASKED,
    ),
    Spoken(
        looks_at, "What does the model look at?", facts(), facts(contributions=None)
    ),
    Spoken(
        looks_at, "What each residue at each position adds to the logit of focal",
        facts(), UNDECIDED,
    ),
    Spoken(
        looks_at, "What each kind of residue adds to the logit of focal",
        OF_PROTEINS, facts(),
    ),
    Spoken(
        looks_at, "change of the logit by a residue, 95 % interval", OF_PROTEINS, facts()
    ),
    Spoken(
        looks_at, "The columns that add most to the logit of focal", OF_PROTEINS, facts()
    ),
    Spoken(looks_at, "mean change of the logit, either way", OF_PROTEINS, facts()),
    Spoken(looks_at, "focal, the champion", facts(), facts(contributions=None)),
    Spoken(looks_at, "bce, the best network", OF_PROTEINS, facts()),
    Spoken(
        looks_at,
        "Nothing can be told: its features are vectors of a language model.",
        UNASKED, facts(),
    ),
    Spoken(
        looks_at,
        "No residue at any position adds anything beyond chance in 120 windows, each of "
        "another group.",
        UNDECIDED, facts(),
    ),
    Spoken(
        looks_at,
        "Too few groups (12) to tell which residues matter: it takes 30.",
        FEW_GROUPS, facts(),
    ),
    Spoken(
        looks_at,
        "Most is decided at −1 (D); in brackets what raises it. Of 5 positions 1 matters "
        "beyond chance.",
        facts(), UNDECIDED,
    ),
    Spoken(
        looks_at,
        "Most is decided at −1 (D), 0 (D); in brackets what raises it. Of 5 positions 2 "
        "matter beyond chance.",
        TWO_DECIDE, facts(),
    ),
    Spoken(
        looks_at, "Most is decided at −1 (D), 0; in brackets what raises it.",
        ONE_LOWERS, TWO_DECIDE,
    ),
    Spoken(
        looks_at,
        "Each letter as high as the mean contribution of that residue there, beside the "
        "other residues that windows have there; below zero it lowers the score. Drawn "
        "are those beyond chance in 120 windows, each of another group (Bonferroni, 5 %) "
        "that are large enough to be read.",
        facts(), UNDECIDED,
    ),
    Spoken(looks_at, "Positions that decide most, focal", facts(), UNDECIDED),
    Spoken(
        looks_at,
        "The mean contribution of a residue wherever it stands, beside all others, in "
        "120 sequences of 40 groups.",
        OF_PROTEINS, facts(),
    ),
    Spoken(
        looks_at,
        "The mean contribution of a number made of the sequence, whichever way (aac 90 %, "
        "dpc 10 % of all).",
        OF_PROTEINS, facts(),
    ),
    Spoken(looks_at, "Numbers that add most, focal", OF_PROTEINS, facts()),
    # Probabilities.
    Spoken(
        probabilities,
        "Can a score be read as a probability? A score of 0.8 should be right eight times "
        "in ten. Calibration is chosen per variant by its log-loss, every score judged by "
        "a calibrator of the other folds, and frozen before the look. It moves no SN, SP "
        "or MCC: only what the numbers mean.",
        facts(), UNTUNED,
    ),
    Spoken(
        probabilities,
        "focal temperature 0.210 → 0.170 0.620 → 0.520 0.050 → 0.010 0.160 → 0.160 0.110 "
        "→ 0.110 0.220 → 0.180 0.630 → 0.530",
        facts(), states.before_look(),
    ),
    Spoken(
        probabilities,
        "Raw → calibrated. Miscalibration: what isotonic regression would take off the "
        "Brier score (CORP). Brier skill: over always answering the share of positives. "
        "Brier score and skill compare variants only after calibration: losses that are "
        "not proper give scores that are not meant as probabilities.",
        facts(), UNTUNED,
    ),
    Spoken(probabilities, "observed share of positives", facts(), UNTUNED),
    # Prediction sets.
    Spoken(
        prediction_sets,
        "How sure is a single call? Every new sequence gets a set of classes beside its "
        "score: one class, both where the score cannot tell, none where it is like "
        "neither. For either class, the set of a sequence of a new group misses it in at "
        "most 10 % (selection: {error: 0.10}). Groups of related sequences count as one.",
        TRUSTED, facts(),
    ),
    Spoken(
        prediction_sets,
        "How often sets hold the class class groups sequences set holds it, out-of-fold sequences alike groups, test set "
        "holds it, test sequences alike positive 60 150 0.910 [0.840, 0.950] 0.900 60 0.910 "
        "[0.840, 0.950] 0.900 negative 62 160",
        TRUSTED, UNSEEN,
    ),
    Spoken(
        prediction_sets,
        "The sets of 80 % of the training sequences hold one class alone (19 % both "
        "classes, 1 % none): called alone, these reach MCC 0.78, SN 0.90, SP 0.88.",
        UNSEEN, facts(),
    ),
    Spoken(
        prediction_sets,
        "The sets of 50 % of the training sequences hold one class alone (50 % both "
        "classes, 0 % none): called alone, these reach SN 0.95, SP 0.94.",
        trusting(states.trust(error=0.07)), TRUSTED,
    ),
    Spoken(
        prediction_sets,
        "The sets of 80 % of the test sequences hold one class alone",
        TRUSTED, UNSEEN,
    ),
    Spoken(
        prediction_sets,
        "No set is possible for positives: they are of 6 groups, and an error of 10 % needs "
        "9 at least. Every set holds that class.",
        trusting(states.trust(
            positive_from=[None, None],
            oof=states.sets_judged(positive=states.covered(groups=6)),
        )),
        TRUSTED,
    ),
    Spoken(
        prediction_sets,
        "On the test set, the sets of negatives held their class in 70 % [61, 78] where 90 % "
        "were promised: its negatives are not like those of the training data, or the scores "
        "of new sequences are not like out-of-fold ones.",
        trusting(tested=states.sets_judged(
            negative=states.covered(share=0.7, low=0.61, high=0.78)
        )),
        TRUSTED,
    ),
    Spoken(
        prediction_sets,
        "Hierarchical conformal prediction by class (Lee et al. 2023): groups count alike in "
        "the first share, sequences in the second; out-of-fold, every fold is judged by sets "
        "of the other folds. evenfold predict writes the set, and a Venn-Abers interval of "
        "the probability, in which a new sequence weighs like a group. The calibrated "
        "probability is fitted apart, and may be outside of it.",
        TRUSTED, facts(),
    ),
    Spoken(
        prediction_sets,
        "Calling only where the set holds one class: the share of sequences that is called, "
        "and MCC, SN and SP among these, out-of-fold and on the test set.",
        TRUSTED, UNSEEN,
    ),
    Spoken(prediction_sets, "error of the sets, %, test set", TRUSTED, UNSEEN),
    Spoken(prediction_sets, "Calls by error of the sets, out-of-fold", TRUSTED, facts()),
    Spoken(prediction_sets, "among the called", TRUSTED, facts()),
    Spoken(prediction_sets, "share called", TRUSTED, facts()),
    # Domain.
    Spoken(
        domain,
        "How far does it reach? Every new sequence is told to be inside, where 95 % of the "
        "training sequences are, outside, where none is, or at the edge between: by its "
        "residues, letters, composition and identity to the nearest training sequence.",
        REACHING, facts(),
    ),
    Spoken(
        domain,
        "Of the training sequences, each against those of the other folds, 95 % have 18 to "
        "31 residues, a composition at most 34 % off the mean (all of them: 52 %), and a "
        "nearest sequence that is identical in at least 24 % (all: 10 %).",
        REACHING, reaching(reach=ONE_LENGTH),
    ),
    Spoken(domain, "95 % have 21 residues,", reaching(reach=ONE_LENGTH), REACHING),
    Spoken(
        domain,
        "(all of them: 52 %). More than 5 % resemble no other at all, so identity says nothing "
        "here of how far a sequence is.",
        reaching(reach=ONE_LENGTH.model_copy(update={"identity": (0.0, 0.0)})),
        REACHING,
    ),
    Spoken(
        domain,
        "What the champion is worth in each band band judged sequences groups MCC SN SP "
        "positives in their sets negatives inside out-of-fold 270 110 0.62 [0.50, 0.73] 0.81 "
        "[0.70, 0.89] 0.80 [0.71, 0.87] 0.91 [0.84, 0.95] 0.91 [0.84, 0.95] inside test 270",
        REACHING, reaching(tested=None),
    ),
    Spoken(
        domain, "outside out-of-fold 2 1 – – 0.80 [0.71, 0.87] – 0.91 [0.84, 0.95]",
        REACHING, reaching(oof=states.in_bands()[:2]),
    ),
    Spoken(
        domain,
        "At the edge there are too few groups of positives (5 groups) and negatives (1 "
        "group) for sets of their own, which need 9 groups at an error of 10 %: those of all "
        "bands are used, without a promise.",
        reaching(oof=states.in_bands(groups_of_class=(5, 1))), REACHING,
    ),
    Spoken(
        domain,
        "On the test set, the sets of negatives at the edge held their class in 70 % [61, 78] "
        "where 90 % were promised.",
        reaching(tested=states.in_bands(
            negative=states.covered(share=0.7, low=0.61, high=0.78)
        )),
        REACHING,
    ),
    Spoken(
        domain,
        "Intervals: MCC by a bootstrap over groups, SN and SP by Wilson's method at the "
        "effective number of sequences, shares of sets over groups. Nearest by spaced seeds, "
        "ungapped. Sets hold as promised within each band whose groups allow it. Groups of "
        "relatives are never cut by folds: out-of-fold no sequence has a relative among those "
        "that it is held against, and a new one that has may do better.",
        REACHING, facts(),
    ),
    Spoken(
        domain,
        "The champion at its threshold by bands, out-of-fold and on the test set, with "
        "95 % intervals.",
        REACHING, reaching(tested=None),
    ),
    Spoken(domain, "MCC of the champion by band of the domain", REACHING, facts()),
    Spoken(
        domain, "Of 310 test sequences 270 inside, 38 at the edge and 2 outside.", REACHING,
        reaching(tested=None),
    ),
    Spoken(
        domain,
        "Of 310 training sequences, held against the other folds, 270 inside, 38 at the edge and "
        "2 outside.",
        REACHING, facts(),
    ),
    # Beside the published split.
    Spoken(
        published_split,
        "What the published split would have shown: MCC of each variant out-of-fold and "
        "on the test set, trained beside relatives of the test set and without. The "
        "distance is what related sequences are worth.",
        states.compared(), states.compared(evaluation=None, measured=[]),
    ),
    Spoken(
        published_split,
        "What the published split would have shown: MCC of each variant out-of-fold,",
        states.compared(evaluation=None, measured=[]), states.compared(),
    ),
    Spoken(
        published_split,
        "Beside the published split The same variants, trained as most papers do: on all "
        "240 published training sequences, 33 of them related to the test set, in folds "
        "at random. 31 of 150 test sequences then have a close training partner, and 25 % "
        "of the training sequences one in another fold. Scored in the same look; it "
        "decided nothing.",
        states.compared(), facts(),
    ),
    Spoken(
        published_split,
        "On the test set the relatives, as leaks and as further training data, are worth "
        "+0.220 MCC to the champion, 95 % interval [+0.100, +0.330].",
        states.compared(), states.before_look(beside=states.beside(measured=[])),
    ),
    Spoken(
        published_split,
        "focal 0.800 / 0.800 0.600 0.800 / 0.800 0.770 +0.170 0.800 / 0.790 0.590 0.800 / "
        "0.790 0.810 +0.220",
        states.compared(), states.before_look(beside=states.beside(measured=[])),
    ),
    Spoken(
        published_split, "focal 0.225 / 0.938; PPV 0.130 [0.070, 0.230] 0.600",
        states.compared(
            selection=states.selection(
                variants={
                    "bce": states.frozen(loss="bce"), "focal": states.frozen(oof=MISSED),
                }
            )
        ),
        states.compared(),
    ),
    Spoken(
        cross_validation, "0.130 [0.070, 0.230] 0.967 0.165",
        tuned(points=states.tuned().points | {"sn_eq_sp": MISSED}), facts(),
    ),
    Spoken(
        published_split,
        "Every point at its own tuned threshold. The numbers of papers on this data set "
        "compare with the published columns; what to expect of new proteins is in the "
        "honest ones.",
        states.compared(), facts(),
    ),
    # Leaks.
    Spoken(
        leaks,
        "Does the data leak? 350 sequences (348 distinct) form 300 groups by homology; "
        "the largest has 7. Searched by MMseqs2 (340 sequences). The audit then aligned "
        "the finished split anew, exhaustively.",
        facts(), facts(grouping=states.grouping(sources=9)),
    ),
    Spoken(
        leaks,
        "the largest has 7. Everything was aligned with everything by Smith-Waterman. The "
        "audit then",
        facts(grouping=states.grouping(aligned_by={"exhaustive Smith-Waterman": 350})),
        facts(),
    ),
    Spoken(
        leaks, "form 300 groups by homology and by 9 source proteins; the largest",
        facts(grouping=states.grouping(sources=9)), facts(),
    ),
    Spoken(
        leaks,
        "; then everything was aligned with everything of other groups, and what the "
        "search had missed joined. The audit",
        facts(grouping=states.grouping(exhaustive=True)), facts(),
    ),
    Spoken(
        leaks,
        "A sample of 60 of 348 distinct sequences was aligned with all others: 1 had a "
        "relative in another group (2 links, joined too), so that with 95 % confidence the "
        "search missed one of at most 7.7 % of all. The audit",
        facts(
            grouping=states.grouping(
                missed={"searched": 60, "of": 348, "sequences": 1, "links": 2, "bound": 0.0767}
            )
        ),
        facts(
            grouping=states.grouping(
                missed={"searched": 348, "of": 348, "sequences": 1, "links": 2, "bound": 0.01}
            )
        ),
    ),
    Spoken(
        leaks,
        "serious Test sequences are copies The nearest is far. warning Test sequences are "
        "near Two are. For example a ~ b, c ~ d, e ~ f.",
        audited(
            findings=[
                FOUND,
                states.finding(severity="serious", title="Test sequences are copies"),
            ]
        ),
        facts(),
    ),
    Spoken(
        leaks,
        "Test to training: median 0.21, 95th percentile 0.27, maximum 0.29 (40 of 50 "
        "searched).",
        facts(), audited(test_to_train=None),
    ),
    Spoken(
        leaks,
        "Fold to fold: median 0.21, 95th percentile 0.27, maximum 0.29 (150 of 200 "
        "searched).",
        facts(), None,
    ),
    Spoken(leaks, "identity × coverage of the best alignment", facts(), None),
    Spoken(leaks, "training, nearest in another fold", facts(), None),
    Spoken(
        leaks, "test, nearest in training", facts(), audited(test_to_train=None)
    ),
    # The test set and the training data.
    Spoken(
        test_and_training,
        "Is the test set like the training data? Length and composition tell test "
        "sequences from training ones with AUROC 0.52 (0.5: not at all). The table "
        "names the residues whose mean share differs most. Training and test sequences what training test sequences 200 150 "
        "positive 50.0% 50.0% median length, residues 31 30 mean share of K 6.1% 6.8% "
        "mean share of A 8.2% 7.8%",
        facts(), states.before_look(),
    ),
    Spoken(
        test_and_training, "positive 50.0% sealed median", states.before_look(), facts()
    ),
    Spoken(
        test_and_training,
        "3 test sequences have exact copies in the training data as given; 0 of them "
        "carry the opposite label there.",
        opposed(0), facts(),
    ),
    Spoken(
        test_and_training,
        "test sequences n SN SP like 95 % of the training sequences in length (20 to 40 "
        "residues) 110 0.833 0.800 the others 40 0.267 0.960 The champion at its "
        "threshold, measured inside the look.",
        parted(states.alike()), facts(),
    ),
    Spoken(
        test_and_training, "training sequences in composition 110", 
        parted(COMPOSED_OTHERWISE), parted(SAME),
    ),
    # Shortcuts.
    Spoken(
        shortcuts,
        "Can something trivial do it? Small models of one simple thing each, out-of-fold "
        "on the training sequences. One that comes near the champion (0.60) would mean "
        "that little else was learnt.",
        facts(), audited(probes=None),
    ),
    Spoken(
        shortcuts, "the length 0.550 0.560 0.110 0.570 0.550 / 0.560 0.090 yes",
        facts(), states.before_look(),
    ),
    Spoken(
        shortcuts, "residue counts 0.550 0.560 0.110 0.570 no",
        facts(), audited(probes=[states.probe()]),
    ),
    Spoken(
        shortcuts, "the length 0.550 0.560 0.110 yes",
        states.before_look(audit=states.audit(probes=[states.probe(auroc=None)])),
        states.before_look(),
    ),
    Spoken(
        shortcuts, "seen by the models", facts(), audited(probes=[]),
    ),
    # The ledger.
    Spoken(
        ledger,
        "The ledger Every look at this test set, under whatever name, on record in the "
        "ledger.",
        facts(), states.before_look(),
    ),
    Spoken(
        ledger, "2 2026-01-02 03:04 UTC 5e1ec7ed00000000 demo focal practice why not "
        "(not completed)",
        looked(
            looks=[
                states.look(look=2, policy="practice", reason="why not", completed=False)
            ]
        ),
        facts(),
    ),
    Spoken(
        ledger,
        "Sequences of this test set were scored by predict while a selection held it "
        "sealed; to whoever knows their labels, that was a look. "
        "2026-01-01 02:03 UTC: 12 of 150 test sequences, by the champion of "
        "selection 5e1ec7ed00000000 (data set demo)",
        looked(notes=[states.note()]), facts(),
    ),
    Spoken(
        ledger,
        "(set aside by a synced folder as look-000001.intent 2.json)",
        looked(looks=[states.look(set_aside="look-000001.intent 2.json")]), facts(),
    ),
    Spoken(
        ledger,
        "This is a report of cross-validation: it takes no look, and shows none that was "
        "taken. Iterate as long as you like; a look is taken when snakemake is run without "
        "explore: snakemake --cores 8.",
        states.before_look(), facts(),
    ),
    # Provenance.
    Spoken(
        provenance,
        "Provenance Selection 5e1ec7ed00000000 · data dddddddddddddddd · split "
        "5555555555555555 · configuration cccccccccccccccc · evenfold 0.1.0, Python "
        "3.11.9, x86_64",
        facts(), None,
    ),
    Spoken(
        more_data,
        "Would more data help? More data would help. focal: From 75 % to all of the training "
        "sequences, out-of-fold AUROC changed by +0.012 [+0.002, +0.022], MCC by +0.020 "
        "[-0.010, +0.050]. If the curve goes on as a power law, twice the data would change "
        "AUROC by about +0.020 [+0.006, +0.034] and MCC by +0.030 [-0.010, +0.070].",
        CURVED, facts(),
    ),
    Spoken(
        more_data,
        "More data of this kind would change little. gradient boosting (aac, dpc): From",
        CURVED, facts(curve=states.curve(states.size_curve())),
    ),
    Spoken(
        more_data,
        "Too noisy to say whether more data would help. focal:",
        facts(curve=states.curve(states.size_curve(gain=(0.01, -0.01, 0.03)))), CURVED,
    ),
    Spoken(
        more_data,
        "Too few parts of the data could be trained on to say. focal: focal cannot be trained "
        "on 25 % of the training groups: too few groups.",
        facts(curve=states.curve(
            states.size_curve(sizes=[], last_step=None, doubled=None, projected=[]),
            notes=["focal cannot be trained on 25 % of the training groups: too few groups."],
        )),
        CURVED,
    ),
    Spoken(
        more_data,
        "Trained with the same settings on parts of every fold's training groups, each within "
        "the next, small ones drawn more often; scored on all held-out sequences; MCC at the "
        "scores' own SN = SP threshold. Bars and bands are 95 % intervals: over groups, and "
        "over draws. Dashed: the power law a − b n −c with c between 0.1 and 1; beyond 100 % "
        "it is extrapolated, to more sequences of the same kind.",
        CURVED, facts(),
    ),
    Spoken(
        more_data, "% of the training sequences",
        CURVED, facts(),
    ),
    Spoken(
        provenance,
        "Time and memory by rule rule jobs seconds largest memory, MB "
        "train 2 61.0 500 tune 2 1.5 –",
        facts(), facts(times=[]),
    ),
    Spoken(
        provenance, "Time of each rule (62 s in all, jobs added up) By rule: seconds, jobs "
        "added up", facts(), facts(times=[]),
    ),
    Spoken(
        provenance, "By rule: largest memory of a job, MB", facts(),
        facts(times=[states.RuleTime("tune", 1, 1.0, None)]),
    ),
    Spoken(
        provenance, "x86_64, torch 2.13.0",
        chosen(records=states.selection().records.model_copy(
            update={"versions": {"torch": "2.13.0"}})),
        facts(),
    ),
    Spoken(
        provenance, "Resolved configuration reading: form:",
        facts(), None,
    ),

    # Captions and titles.
    Spoken(published_split, "Honest and published split", states.compared(), facts()),
    Spoken(more_data, "AUROC by share of the training sequences", CURVED, facts()),
    Spoken(earlier_look, "Results of the earlier look", states.withheld(), facts()),
    Spoken(ledger, "Looks at this test set", facts(), states.before_look()),
    Spoken(leaks, "How close the nearest partner of a sequence is", facts(), None),
    Spoken(shortcuts, "Predictors of one simple thing", facts(), audited(probes=[])),
    Spoken(
        whole_proteins, "Predictors that see whole proteins", windowed(), facts()
    ),
    Spoken(
        test_and_training, "Parts of the test set", parted(states.alike()), facts()
    ),
    Spoken(
        operating_points, "Operating points of the champion, out-of-fold", facts(), None
    ),
    Spoken(
        operating_points, "SN, SP and MCC of focal over the threshold, out-of-fold",
        facts(), None,
    ),
    Spoken(operating_points, "18 more variants", states.many(), facts()),
    Spoken(qualified,
        "focal and bce have the same MCC out-of-fold: the simpler one is kept.",
        chosen(**{**TIE, "best": states.best(of=2, lead=states.lead(mcc=0.0001))}),
        chosen(**TIE),
    ),
    # The test set.
    Spoken(on_test_set, "Every variant on the test set, untuned and tuned", facts(), UNTUNED),
    Spoken(on_test_set, "Every variant on the test set, untuned variant", UNTUNED, facts()),
    Spoken(
        on_test_set,
        "Plane: on the dashed line SN and SP are equal. MCC with its interval: 95 %, of MCC in "
        "the population that the test set comes from, by a bootstrap over groups of related "
        "sequences that lets the class ratio vary, threshold fixed.",
        UNTUNED, facts(),
    ),
    Spoken(
        on_test_set, "Sensitivity against specificity, at threshold 0.5", UNTUNED, facts()
    ),
    Spoken(
        on_test_set,
        "Plane: from threshold 0.5 to the tuned threshold; on the dashed line SN and SP are "
        "equal. MCC with its interval: 95 %, of MCC in the population that the test set "
        "comes from, by a bootstrap over groups of related sequences that lets the class "
        "ratio vary, threshold fixed. Changes from 0.5 to the tuned threshold are paired, "
        "sequences taken as independent.",
        facts(), states.many(),
    ),
    Spoken(
        on_test_set,
        "Enlarged beside it: the variants as they are deployed, the best ten named; point "
        "at any other.",
        states.many(), facts(),
    ),
    Spoken(
        on_test_set, "Of SN, SP and MCC the upper of two lines is at 0.5.",
        states.many(), facts(),
    ),
    Spoken(
        on_test_set, "Sensitivity against specificity as deployed, enlarged",
        states.many(), facts(),
    ),
    Spoken(
        on_test_set, "SN and SP of every variant on the test set", states.many(), facts()
    ),
    Spoken(on_test_set, "open at 0.5, filled as tuned", states.many(), facts()),
    Spoken(
        on_test_set, "Sensitivity against specificity, from 0.5 to the tuned threshold",
        facts(), states.before_look(),
    ),
    Spoken(
        on_test_set, "MCC of every variant on the test set", facts(), states.before_look()
    ),
    Spoken(
        on_test_set, "Paired changes of MCC and |SN − SP| from 0.5 to the tuned threshold",
        facts(), UNTUNED,
    ),
    Spoken(on_test_set, "change from 0.5 to tuned", facts(), UNTUNED),
    # Cross-validation.
    Spoken(cross_validation, "Every variant, out-of-fold, at its own threshold", facts(), None),
    Spoken(
        cross_validation,
        "More numbers of every variant Every variant, out-of-fold: at 0.5, and what its "
        "calls are worth at its own threshold variant AUROC SN / SP at 0.5 gap at 0.5 "
        "MCC at 0.5 PPV NPV F1",
        facts(), None,
    ),
    Spoken(
        cross_validation,
        "PPV (precision), NPV and F1 are at the training data's share of positives; an "
        "interval of PPV, where positives are rare, is Wilson's.",
        facts(), None,
    ),
    Spoken(cross_validation, "folds agree (thresholds spread 1.0 times as far as chance explains; SN or SP moves by up to 0.02)", facts(), UNTUNED),
    Spoken(
        cross_validation, "folds differ (thresholds spread 1.6 times",
        tuned(stability=states.stability(ratio=1.6, flag="amber")), facts(),
    ),
    Spoken(
        cross_validation, "too few sequences (thresholds spread 1.0 times",
        tuned(stability=states.stability(widest=0.3, flag="amber")), facts(),
    ),
    Spoken(
        cross_validation,
        "First: MCC at the variant's own threshold. Second: the same sequences, less bce; an "
        "interval across zero is no difference shown.",
        facts(), chosen(against_baseline={}),
    ),
    Spoken(
        cross_validation, "MCC at the variant's own threshold, with its interval.",
        chosen(against_baseline={}), facts(),
    ),
    Spoken(
        cross_validation, states.selection().why, facts(),
        chosen(best=states.best(of=1, lead=None)),
    ),
    Spoken(cross_validation, "MCC of every variant, out-of-fold", facts(), None),
    Spoken(cross_validation, "MCC out-of-fold, 95 % interval", facts(), None),
    Spoken(
        cross_validation, "Paired difference of MCC to bce, out-of-fold", facts(),
        chosen(against_baseline={}),
    ),
    Spoken(
        cross_validation,
        "How to read these tables 95 % interval: of MCC in the population that the "
        "sequences come from, at its own class ratio. It is a bootstrap over the 120 groups "
        "of related sequences, which lets that ratio vary; the threshold is fixed. Δ MCC: "
        "paired out-of-fold difference with its interval from the same bootstrap, thresholds "
        "tuned anew. Stability, first: the spread of the folds' own thresholds over the "
        "spread that chance gives at their size. Above 1.5 the folds differ; above 2.5 they "
        "differ in kind (red). Stability, second: the widest range of SN or SP when each "
        "fold's threshold is applied to all sequences. Above 0.1 there are too few sequences "
        "to pin the threshold down. Left out: SN − SP when every fold is called by a "
        "threshold tuned on the others, the honest forecast of the gap on new data.",
        facts(), None,
    ),
    # Training.
    Spoken(
        learning,
        "Did training come to an end? training loss by epoch: each variant's own",
        facts(), facts(history={"bce": states.history(1), "focal": states.history(1)}),
    ),
    Spoken(
        learning,
        "By epoch, mean over the members of each variant: the loss that it was trained on "
        "(losses of different variants do not compare), and AUROC, SN and SP on rows that "
        "a member is not trained on. These are its inner validation slice where a loss or early "
        "stopping needs one, else some of its held-out fold, which steer nothing.",
        facts(), facts(history={"bce": states.history(1), "focal": states.history(1)}),
    ),
    Spoken(learning, "SN at 0.5 by epoch: SN at 0.5, watched rows", facts(), None),
    Spoken(learning, "SP at 0.5 by epoch: SP at 0.5, watched rows", facts(), None),
    Spoken(learning, "variant26: 0.", states.many(), facts()),
    # Scores.
    Spoken(
        telling_apart,
        "How well do scores tell the classes apart? Whatever the threshold: AUROC is 0.870 "
        "out-of-fold and 0.860 on the test set, AUPRC 0.850 there. ROC curves of the "
        "champion",
        facts(), states.before_look(),
    ),
    Spoken(
        telling_apart, "AUROC is 0.870 out-of-fold. ROC", states.before_look(), facts()
    ),
    Spoken(telling_apart, "Precision over recall of the champion", facts(), None),
    Spoken(
        telling_apart, "Scores of the champion by class, test set", facts(),
        states.before_look(),
    ),
    Spoken(
        telling_apart,
        "The champion. Dots: the deployed operating point. Dashed: what guessing gives. "
        "Scores of both classes, with the deployed threshold as a line.",
        facts(), None,
    ),
    # Probabilities.
    Spoken(
        probabilities,
        "The champion: reliability (CORP), and net benefit, each beside calling all "
        "sequences of its own panel positive.",
        facts(), UNTUNED,
    ),
    Spoken(
        probabilities, "Reliability of the champion, test set", facts(),
        states.before_look(),
    ),
    Spoken(
        probabilities, "Net benefit of the champion, test set", facts(),
        states.before_look(),
    ),
    Spoken(probabilities, "acting is worth it from, out-of-fold", facts(), UNTUNED),
    # Mistakes.
    Spoken(
        mistakes,
        "Where does it err? focal calls 52 of 150 test sequences wrong. Of the quarter "
        "least like training 13 of 38 are called wrong, of the quarter most like it 13 of "
        "38: no difference beyond chance.",
        facts(), states.before_look(),
    ),
    Spoken(
        mistakes, "Wrong calls by identity to the nearest training sequence",
        facts(), states.before_look(),
    ),
    Spoken(
        mistakes, "Right and wrong calls of the champion on the test set", facts(),
        states.before_look(),
    ),
    Spoken(mistakes, "share of the class", facts(), states.before_look()),
    Spoken(
        mistakes, "Right and, hatched, wrong calls of focal.", facts(),
        states.before_look(),
    ),
    Spoken(mistakes, ": mistakes are on the novel ones.", ERRING[0], facts()),
    Spoken(mistakes, ": mistakes are not on the novel ones.", ERRING[1], facts()),
    Spoken(mistakes, "share of wrong calls, 95 % interval", facts(), None),
    Spoken(
        mistakes,
        "Quarters of the test set by identity to the nearest training sequence. "
        "Intervals: Wilson's, sequences taken as independent.",
        facts(), states.before_look(),
    ),
    Spoken(
        mistakes,
        "The hardest test sequences: wrong by most id true class score identity nearest in "
        "training t146 negative 0.639 0.44 r146",
        facts(), states.before_look(),
    ),
    Spoken(
        mistakes,
        "All calls are in test/predictions.parquet. A wrong label is one reason to be "
        "hard: look at these first.",
        facts(), states.before_look(),
    ),
    # What to do next.
    Spoken(
        next_steps,
        "Next Score new sequences evenfold predict results/demo new.fasta --out new.tsv "
        "Check every number again evenfold verify results/demo See all runs in MLflow "
        "evenfold mlflow results Numbers of this page metrics.tsv, predictions.parquet, "
        "selection.json, audit.json, rejected.tsv Evidence for others model card, dome.json, "
        "run crate, which the run writes after this page Change something With other settings or "
        "training data, iterate by snakemake --cores 8 -- explore; one more look at this "
        "test set will need a reason.",
        facts(), states.before_look(),
    ),
    Spoken(
        next_steps, "Numbers of this page selection.json, audit.json, rejected.tsv",
        states.withheld(), facts(),
    ),
    Spoken(
        next_steps,
        "Change something This test set is for practice, and may be looked at again: "
        "snakemake --cores 8",
        looked(policy="practice"), facts(),
    ),
    Spoken(
        next_steps,
        "One more look needs a reason, which reports show for ever: allow_look:",
        RETRAINED, facts(),
    ),
    Spoken(
        next_steps,
        "Look at the test set, once snakemake --cores 8 Numbers of this page "
        "selection.json, audit.json, rejected.tsv",
        states.before_look(), facts(),
    ),
    # Methods.
    Spoken(
        methods,
        "Methods to paste The data are 200 training sequences, 100 of them positive, and "
        "150 test sequences, 75 of them positive. 3 records of the files could not be used. "
        "Sequences with an identity of at least "
        "40 % over 80 % of both (at least 70 % where one has fewer than 50 residues) were "
        "joined into 300 groups, searched by MMseqs2. 2 variants (bce, focal) were trained "
        "in cross-validation with 5 folds that never part a group. The deployed variant, "
        "focal, is of the kind feedforward, reads aac, dpc and was trained with the loss "
        "focal and 1 seed a fold. Thresholds were chosen on pooled out-of-fold scores "
        "for SN = SP; the deployed one is 0.400. Out-of-fold, MCC is 0.600 (95 % interval "
        "0.510 to 0.690, bootstrap over 120 groups), SN 0.800 and SP 0.800. With every "
        "choice frozen, the test set was evaluated on 2026-01-02 for the first time: MCC "
        "0.590 (0.450 to 0.710), SN 0.800 (0.700 to 0.870), SP 0.790 (0.690 to 0.860) and "
        "AUROC 0.860 on 150 sequences of 140 groups. Made by evenfold 0.1.0 with Python "
        "3.11.9. Selection 5e1ec7ed00000000; SHA-256 of the data dddddddddddddddd, of the "
        "split 5555555555555555, of the configuration cccccccccccccccc.",
        facts(), states.before_look(),
    ),
    Spoken(
        methods,
        "Thresholds were compared on pooled out-of-fold scores; the deployed one stays at "
        "0.5.",
        KEPT, facts(),
    ),
    Spoken(
        methods,
        "The data are 200 training sequences, 100 of them positive, and 150 test sequences, "
        "75 of them positive, drawn from the data by groups.",
        facts(split=states.split(held_out=True)), facts(),
    ),
    Spoken(
        methods, "The independent test set was not looked at for this result.",
        states.before_look(), facts(),
    ),
    Spoken(
        methods,
        "Of the training sequences, 90 were related to the test set and removed.",
        REMOVED, facts(),
    ),
    Spoken(
        methods,
        "Precision at the test set's share of positives is 0.037 [0.026, 0.052].",
        RARE, facts(),
    ),
    Spoken(
        methods, "in look 2: MCC", looked(look=states.look(look=2, reason="new")), facts()
    ),
    Spoken(
        methods, "Made by evenfold 0.1.0 (commit ab12) with Python 3.11.9. Trained on cpu "
        "with 2 threads.",
        facts(
            settings=states.settings(commit="ab12"),
            trained=WeightsHeader(
                recipe={}, features={}, members=[], device="cpu", threads=2
            ),
        ),
        facts(),
    ),
    Spoken(
        methods, "What to cite (BibTeX) @software{evenfold, title = {evenfold: which loss, "
        "which threshold, honestly}, author = {{The evenfold authors}}, version = {0.1.0} }",
        facts(), None,
    ),
    *(
        Spoken(methods, " ".join(entry.split()), state, None)
        for name, entry in methods._CITED.items()
        for state in [BOOSTED if name in ("xgboost", "smith_waterman") else facts()]
    ),
    Spoken(methods, "@inproceedings{chen2016,", BOOSTED, facts()),
    # Words.
    Spoken(glossary, "Words 95 % interval where the true value is", facts(), None),
    *(Spoken(glossary, f"{one.name} {one.meaning}", facts(), None) for one in WORDS.values()),
]  # fmt: skip


@cache
def text(section, number: int) -> str:
    """What a reader reads of a section in the numbered state."""
    part = str(section.SECTION.part(STATES[number]))
    return plain(part)


def plain(part: str) -> str:
    part = re.sub(r"<style.*?</style>|<!--.*?-->", "", part, flags=re.DOTALL)
    for title in set(re.findall(r'<abbr title="([^"]*)">', part)):
        known = html.unescape(title) in EXPLAINED
        start, end = f'<abbr title="{title}">', "</abbr>"
        part = re.sub(
            f"{re.escape(start)}(.*?){end}",
            (lambda m: m[1]) if known else (lambda m, t=title: f"{m[1]} ({t})"),
            part,
        )
    part = re.sub(r"</?(?:code|a)\b[^>]*>", "", part)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", part)).split())


#: What is told under the pointer, and is not part of a sentence.
EXPLAINED = {
    *(one.meaning for one in WORDS.values()),
    *(loss_in_a_line(loss()) for loss in LOSSES.values()),
}
STATES: list[Facts] = []


def said(section, state: Facts) -> str:
    """The same, rendered once a state."""
    if not any(state is known for known in STATES):
        STATES.append(state)
    return text(section, next(i for i, known in enumerate(STATES) if state is known))


@pytest.mark.parametrize(
    "spoken", SPOKEN, ids=[f"{s.section.__name__.split('.')[-1]}: {s.sentence[:50]}" for s in SPOKEN]
)  # fmt: skip
def test_a_sentence_is_said_of_its_state_and_not_of_another(spoken):
    assert spoken.sentence in said(spoken.section, spoken.state)
    if spoken.opposite is not None:
        assert spoken.sentence not in said(spoken.section, spoken.opposite)


def test_of_a_run_in_order_nothing_is_noted():
    assert notes.notes(facts()) == [] == notes.notes(states.before_look())


MODULES = [path for path in Path(sections.__file__).parent.glob("[!_]*.py")]


def test_every_section_is_in_the_report_once():
    from evenfold.reporting import report

    named = [getattr(report, path.stem).SECTION for path in MODULES]
    assert sorted(map(id, named)) == sorted(map(id, SECTIONS))


#: Where on a figure something stands is not said to a reader.
PLACES = {"loc", "textcoords"}


def words_of(path: Path) -> Iterator[str]:
    """Every text in a section's source that a reader could meet, in pieces."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        docstring = isinstance(node, ast.Expr)
        if docstring or (isinstance(node, ast.keyword) and node.arg in PLACES):
            skipped.add(id(node.value))
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if text and id(node) not in skipped:
            yield from fragments(node.value) if "<" in node.value else [node.value]


def fragments(template: str) -> Iterator[str]:
    """The texts of a template, between its tags and its values."""
    tree = ENVIRONMENT.parse(template)
    for block in tree.find_all(nodes.CallBlock):
        yield from (const.value for const in block.call.find_all(nodes.Const)
                    if isinstance(const.value, str))  # fmt: skip
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                # A tag whose attributes hold values is cut.
                yield from re.split(r"<[^>]*(?:>|$)|^[^<]*>", node.data)
            else:
                texts = [const.value for const in node.find_all(nodes.Const)]
                yield from (text for text in texts if isinstance(text, str))


def pieces(path: Path, least: int) -> list[str]:
    """Those of so many words and more."""
    found = (" ".join(html.unescape(piece).split()) for piece in words_of(path))
    # What stands between backticks becomes code; names of figures are no sentences.
    found = (piece.replace("`", "") for piece in found)
    found = (piece for piece in found if not re.fullmatch(r"[a-z]+(-[a-z]*)+", piece))
    return [
        piece for piece in found if len(re.findall(r"\b[A-Za-z]{2,}\b", piece)) >= least
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_sentence_is_without_a_test(path):
    own = [s for s in SPOKEN if s.section.__name__.endswith(f".{path.stem}")]
    assert own
    asserted = [s.sentence for s in own]
    for piece in pieces(path, least=4):
        assert any(piece in sentence for sentence in asserted), piece
    shown = [said(s.section, s.state) for s in own]
    for piece in pieces(path, least=2):
        assert any(piece in whole for whole in shown), piece


def test_the_search_for_untested_sentences_finds_what_it_must():
    path = Path(notes.__file__)
    found = pieces(path, least=4)
    assert "would not show here" in " ".join(found)
    found = pieces(Path(ledger.__file__), least=2)
    assert "This is a report of cross-validation: it takes" in " ".join(found)
    assert "(not completed)" in found
    assert not any("class=" in piece or "{" in piece for piece in found)


def test_a_missing_number_is_not_told_as_one():
    """NaN stands for what was not measured."""
    row = states.measured(mcc_tuning_low=math.nan)
    assert "counting also" not in on_test_set.sides(row)
    assert "nan" not in on_test_set.sides(row)


@pytest.mark.parametrize(
    "label, state, colour",
    [
        ("|SN − SP|", on_test(gap=0.05), "green"),
        ("|SN − SP|", on_test(gap=-0.051), "amber"),
        ("|SN − SP|", on_test(gap=-0.101, gap_low=-0.2, gap_high=-0.01), "red"),
        ("|SN − SP|", on_test(gap=-0.101, gap_low=-0.2, gap_high=0.01), "amber"),
        ("|SN − SP|", states.before_look(), "green"),
        ("threshold stability", facts(), "green"),
        ("threshold stability", UNTUNED, "amber"),
        ("leaks", facts(), "green"),
        ("leaks", audited(findings=[FOUND]), "amber"),
        ("leaks", audited(findings=[FOUND, SERIOUS]), "red"),
        ("leaks", audited(findings=[SHORTCUT]), "green"),
        ("leaks", REMOVED, "red"),
        ("leaks", facts(split=CUT, audit=states.audit(findings=[WEAKER])), "amber"),
        ("leaks", facts(split=CUT), "green"),
        ("best shortcut", facts(), ""),
        ("best shortcut", audited(probes=[RIVAL]), "red"),
        ("best shortcut", COMPOSED, ""),
        ("best shortcut", OTHERWISE, "red"),
        ("best shortcut", audited(probes=[PROBED, RIVAL]), "red"),
        ("best shortcut", NOT_EXCLUDED, "amber"),
        ("looks at this test set", facts(), ""),
        ("looks at this test set", states.withheld(), "amber"),
    ],
)  # fmt: skip
def test_a_badge_has_the_colour_of_its_state(label, state, colour):
    (badge,) = (badge for badge in badges.badges(state) if badge.label == label)
    assert badge.colour == colour


@pytest.mark.parametrize(
    "state, red",
    [
        (states.withheld(), True),
        (looked(elsewhere=[ELSEWHERE]), True),
        (looked(elsewhere=None), False),
        (audited(findings=[SERIOUS]), True),
        (audited(probes=[RIVAL]), True),
        (COMPOSED, False),
        (OTHERWISE, True),
        (on_test(auroc=0.49), True),
        (on_test(mcc=0.49), False),
        (PRIOR, False),
        (opposed(7), False),
        (opposed(8), True),
        (parted(states.alike(), **APART), False),
        (looked(probes=[PROBED.model_copy(update={"mcc": 0.6})]), True),
        (facts(selection=FEW), False),
        (states.twins(), False),
    ],
)
def test_what_spoils_a_result_is_red(state, red):
    (note,) = notes.notes(state)
    assert note.colour == ("red" if red else "")


@pytest.mark.parametrize("about", get_args(Finding.model_fields["about"].annotation))
@pytest.mark.parametrize("severity", get_args(Severity))
def test_a_run_stops_at_every_finding_that_is_red(severity, about):
    one = states.finding(severity=severity, about=about)
    state = facts(split=CUT, audit=states.audit(findings=[one]))
    colours = {note.colour for note in notes.notes(state)}
    colours |= {badge.colour for badge in badges.badges(state)}
    tagged = f'tag {severity}"' in leaks.SECTION.part(state) and severity == "serious"
    if "red" in colours or tagged:
        with pytest.raises(EvenfoldError, match="no test sequence is near"):
            refuse(state.audit, Audit(fail_on="serious"))
    else:
        refuse(state.audit, Audit(fail_on="serious"))


def test_a_rival_must_be_seen_by_the_models_and_reach_their_interval():
    for change in ({"seen": False}, {"mcc": 0.509}):
        probe = RIVAL.model_copy(update=change)
        assert notes.notes(audited(probes=[probe])) == []


@pytest.mark.parametrize("low", [-0.02, 0.03])
def test_a_probe_that_predicts_little_embarrasses_no_model(low):
    """Beside a model that predicts little too: both are near chance."""
    weak = states.frozen(oof=states.point(mcc=0.05), grouped=spread(low, 0.1))
    chosen = states.selection(
        variants={"bce": states.frozen(loss="bce"), "focal": weak}
    )
    for mcc, limit, rivals in (
        (0.04, 0.3, 0),
        (0.29, 0.3, 0),
        (0.3, 0.3, 1),
        (0.29, 0.2, 1),
    ):
        probe = RIVAL.model_copy(update={"mcc": mcc})
        audit = states.audit(probes=[probe], probe_mcc=limit)
        found = notes.notes(states.before_look(selection=chosen, audit=audit))
        assert ["rivals" in note.text for note in found] == [True] * rivals


def test_a_loss_that_is_anothers_on_the_published_split_is_compared_with_that():
    """Whether two losses are the same depends on the class shares of the training data."""
    published = states.selection(
        variants={"bce": states.frozen(oof=states.point(mcc=0.66))},
        same={"focal": states.Twin(same_as="bce", difference=0.001)},
    )
    beside = states.beside(selection=published)
    state = states.compared(beside=beside)
    found = published_split.compared(state, beside)
    assert [row.name for row in found] == ["bce", "focal"]
    assert [row.oof_published.mcc for row in found] == [0.66, 0.66]
    assert {row.test_published.variant for row in found} == {"published/bce"}
    before = states.before_look(beside=states.beside(selection=published, measured=[]))
    (note,) = notes.notes(before)
    assert "focal would show MCC 0.66 [" in note.text
    assert "out-of-fold instead of 0.60 [" in note.text


def test_what_comes_from_files_is_escaped():
    hostile = "<script>alert(1)</script>"
    state = facts(
        audit=states.audit(findings=[states.finding(title=hostile)]),
        selection=states.selection(why=hostile),
    )
    for section in (leaks, cross_validation):
        part = section.SECTION.part(state)
        assert "<script>" not in part and "&lt;script&gt;" in part
