"""The report of one data set: a self-contained page that opens with the verdict."""

from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import yaml

from evenfold.config.criteria import CRITERIA, words
from evenfold.files import read_json
from evenfold.reporting import figures
from evenfold.reporting.published import comparison, own_rows, told

#: Groups, and sequences of a class, below which bootstrap intervals are too short.
FEWEST_GROUPS = 40
FEWEST_OF_A_CLASS = 50
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True
)


def render(template: str, **facts) -> str:
    """A page of this folder, with its style sheet inside."""
    css = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    css = jinja2.utils.markupsafe.Markup(css)
    return _ENVIRONMENT.get_template(template).render(css=css, **facts)


def report_files(dataset: str, inputs: dict, params: dict) -> str:
    """Report of a data set from its files.

    Parameters
    ----------
    inputs : dict
        Paths selection, audit, split, groups, thresholds and history, and lists
        published_selection, published_audit and published_split, empty or of one path;
        for the report after the look also metrics and status.
    params : dict
        variants, description, published, decides.

    Returns
    -------
    str
        HTML.
    """
    selection, audit, split, groups = (
        read_json(inputs[key]) for key in ("selection", "audit", "split", "groups")
    )
    paths = dict(zip(params["variants"], zip(inputs["thresholds"], inputs["history"])))
    names = [name for name in paths if name in selection["variants"]]
    tuned = {name: read_json(paths[name][0]) for name in names}
    history = {name: pd.read_parquet(paths[name][1]) for name in names}
    status, metrics = None, []
    if "metrics" in inputs:
        status = read_json(inputs["status"])
        frame = pd.read_csv(inputs["metrics"], sep="\t", dtype={"operating_point": str})
        metrics = frame.to_dict("records")
    compared = None
    if inputs["published_selection"]:
        beside = (
            read_json(inputs[f"published_{key}"][0])
            for key in ("selection", "audit", "split")
        )
        compared = comparison(selection, metrics, status, *beside)
    metrics = own_rows(metrics)
    champion = selection["champion"]
    timing = rule_times(Path(inputs["selection"]).parent / "benchmarks")
    order = {"serious": 0, "warning": 1, "info": 2, "ok": 3}
    drawn = {
        "curves": figures.threshold_curves(tuned),
        "identities": figures.identities(audit),
        "learning": figures.learning_curves(history),
    }
    calibrations = {n: one["calibration"] for n, one in tuned.items()}
    if calibrations[champion]:
        drawn["reliability"] = figures.reliability(
            calibrations, champion, (status or {}).get("curves")
        )
    if metrics:
        drawn["mcc"] = figures.mcc_intervals(metrics)
        drawn["balance"] = figures.balance(metrics)
    return render(
        "report.html",
        dataset=dataset,
        description=params["description"],
        published=params["published"],
        verdict=verdict(selection, metrics, status, tuned[champion]),
        badges=badges(selection, metrics, status, tuned[champion], audit),
        notes=[
            *notes(selection, metrics, status, tuned, audit),
            *(told(compared) if compared else []),
        ],
        metrics=metrics,
        earlier=(status or {}).get("earlier", []),
        compared=compared,
        selection=selection,
        baseline=selection["baseline"],
        split=split,
        groups=groups,
        audit=audit,
        probes=_tested(audit.get("probes", []), (status or {}).get("probes", [])),
        findings=sorted(audit["findings"], key=lambda f: order[f["severity"]]),
        variants=[
            variant_row(n, selection, tuned[n], params["decides"]) for n in names
        ],
        probabilities=[
            probability_row(name, one, metrics)
            for name, one in calibrations.items()
            if one
        ],
        sides=_sides(metrics, champion),
        points=tuned[champion]["points"],
        criteria={
            point: words(point)
            for point in dict.fromkeys(["0.5", *CRITERIA, *tuned[champion]["points"]])
        },
        criterion_name=words(tuned[champion]["operating_point"]),
        limits=params["decides"]["selection"]["stability"],
        looks=(status or {}).get("looks", []),
        timing=timing,
        total_seconds=sum(row["seconds"] for row in timing),
        configuration=yaml.safe_dump(params["decides"], sort_keys=False),
        figures=drawn,
    )


def _rates(row):
    return (
        f"MCC {row['mcc']:.2f} [{row['mcc_low']:.2f}, {row['mcc_high']:.2f}] with "
        f"SN {row['sn']:.2f} and SP {row['sp']:.2f}"
    )


def _sides(metrics, champion):
    """The champion's intervals on the test set, in words."""
    own = [row for row in metrics if row["variant"] == champion]
    if not own:
        return {}
    row = own[-1]
    told = {"tuned": not np.isnan(row["mcc_tuning_low"])}
    for key in ("sn", "sp", "gap", "mcc"):
        form = "+.3f" if key == "gap" else ".3f"
        for name in (key, f"{key}_tuning"):
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            told[name] = f"[{low:{form}}, {high:{form}}]"
    return told


def verdict(selection, metrics, status, tuned) -> dict:
    """The report's first sentence, and the one that qualifies it."""
    name = selection["champion"]
    low, high = selection["variants"][name]["grouped"]["mcc"]
    oof = {**selection["variants"][name]["oof"], "mcc_low": low, "mcc_high": high}
    own = [row for row in metrics if row["variant"] == name]
    if own:
        deployed, half = own[-1], own[0]
        headline = (
            f"{name} at threshold {deployed['threshold']:.3f} reaches {_rates(deployed)} on {deployed['n']} independent "
            "test sequences."
        )
        detail = (
            f"At the untuned threshold 0.5 the same model has {_rates(half)}. "
            f"Cross-validation had promised {_rates(oof)}. "
        )
        if half["mcc"] > deployed["mcc"] and abs(half["gap"]) > abs(deployed["gap"]):
            detail += (
                "MCC alone would prefer 0.5 here, at the price of one class: read it beside SN "
                "and SP. "
            )
    else:
        headline = (
            f"In cross-validation {name} at threshold {selection['threshold']:.3f} "
            f"reaches {_rates(oof)}."
        )
        detail = (
            "The independent test set was not looked at by this selection. "
            if status
            else "The independent test set is still sealed. "
        )
    best = selection["best"]
    difference = selection["against_baseline"].get(best["variant"])
    if difference is None:
        detail += f"No other variant beat {selection['baseline']} out-of-fold. "
    elif name == selection["baseline"]:
        detail += (
            f"{best['variant']} leads it by {difference['mcc']:+.3f} MCC out-of-fold, "
            f"within one standard error ({difference['se']:.3f}): a tie, and the simpler "
            "one is kept. The threshold does the work, not the loss. "
        )
    elif difference["low"] <= 0 <= difference["high"]:
        detail += (
            f"Its lead over {selection['baseline']} out-of-fold "
            f"({difference['mcc']:+.3f} MCC, [{difference['low']:+.3f}, "
            f"{difference['high']:+.3f}]) is within chance: the threshold does the "
            "work, not the loss. "
        )
    else:
        detail += (
            f"Out-of-fold it beats {selection['baseline']} by {difference['mcc']:+.3f} "
            f"MCC [{difference['low']:+.3f}, {difference['high']:+.3f}] "
            f"(p = {difference['p_holm']:.3f} after Holm's correction for "
            f"{best['of'] - 1} comparisons). "
        )
    if best["of"] > 1:
        detail += (
            f"Being the largest of {best['of']} flatters: the best out-of-fold MCC is "
            f"{best['mcc']:.3f}, and {best['mcc_corrected']:.3f} once that luck is "
            "taken out."
        )
    return {"headline": headline, "detail": detail}


def _tested(probes, tested):
    """Probes with what they reach on the test set, once it was looked at."""
    found = {probe["name"]: probe for probe in tested}
    return [{**probe, "test": found.get(probe["name"])} for probe in probes]


def rivals(audit: dict, point: dict) -> list[dict]:
    """Trivial predictors that a model sees and that reach its interval of MCC."""
    least = point["mcc_low"]
    return [p for p in audit.get("probes", []) if p["seen"] and p["mcc"] >= least > 0]


def badges(selection, metrics, status, tuned, audit) -> list[dict]:
    """The handful of facts a reader wants first."""
    own = [row for row in metrics if row["variant"] == selection["champion"]]
    point = own[-1] if own else selection["variants"][selection["champion"]]["oof"]
    where = "test" if own else "out-of-fold"
    gap = abs(point["gap"])
    stability = tuned["stability"]
    worst = {f["severity"] for f in audit["findings"] if f.get("about") != "shortcut"}
    leaks = (
        ("serious", "red")
        if "serious" in worst
        else ("warnings", "amber")
        if "warning" in worst
        else ("none found", "green")
    )
    found = [
        ("MCC, " + where, f"{point['mcc']:.3f}", ""),
        ("SN / SP", f"{point['sn']:.3f} / {point['sp']:.3f}", ""),
        (
            "|SN − SP|",
            f"{gap:.3f}",
            "green" if gap <= 0.05 else "amber" if gap <= 0.1 else "red",
        ),
        (
            "threshold stability",
            stability["flag"] if stability else "not tuned",
            stability["flag"] if stability else "amber",
        ),
        ("leaks", *leaks),
    ]
    seen = [probe for probe in audit.get("probes", []) if probe["seen"]]
    if seen:
        rival = rivals(audit, selection["variants"][selection["champion"]]["oof"])
        told = f"{seen[0]['name']}, MCC {seen[0]['mcc']:.2f}"
        found.append(("best shortcut", told, "red" if rival else ""))
    if status:
        told = status["look"]
        found.append(
            (
                "looks at this test set",
                f"{len(status['looks'])}"
                + (" (practice)" if status["policy"] == "practice" else ""),
                "amber" if told is None else "",
            )
        )
    return [{"label": a, "value": b, "colour": c} for a, b, c in found]


def notes(selection, metrics, status, tuned, audit) -> list[dict]:
    """What a reader must not miss."""
    found = []
    if status and status["status"] == "withheld":
        told, _, code = status["told"].partition("configuration:\n")
        found.append(
            {"text": told[0].upper() + told[1:] + "configuration:", "code": code,
             "colour": "red"}
        )  # fmt: skip
    elif status and status["look"]["reason"]:
        found.append(
            {
                "text": f"This is look {status['look']['look']} at this test set. "
                f"Reason given: {status['look']['reason']}",
                "colour": "",
            }
        )
    elif status and status["look"]["look"] > 1:
        found.append(
            {
                "text": f"This is look {status['look']['look']} at this test set, under "
                "the practice policy: its result is no longer independent.",
                "colour": "",
            }
        )
    if status and status["elsewhere"]:
        earlier = "; ".join(
            f"{x['recorded']}, data set {x['dataset']}, selection {x['selection']}"
            for x in status["elsewhere"]
        )
        found.append(
            {
                "text": "The MLflow record tells of looks at this test set that the "
                f"ledger does not hold: {earlier}. Either the ledger was deleted, or "
                "another one is in use: this was not the first look.",
                "colour": "red",
            }
        )
    if status and status["elsewhere"] is None:
        found.append(
            {
                "text": "The MLflow store did not answer when the test set was looked at: "
                "earlier looks that the ledger does not hold would not show here.",
                "colour": "",
            }
        )
    if selection["groups"] < FEWEST_GROUPS:
        found.append(
            {
                "text": f"The training data are {selection['groups']} groups of related "
                f"sequences: below {FEWEST_GROUPS} the cross-validation's intervals are "
                "too short.",
                "colour": "",
            }
        )
    point = selection["variants"][selection["champion"]]["oof"]
    for probe in rivals(audit, point):
        found.append(
            {
                "text": f"A shortcut rivals the models: {probe['what']} alone predicts the "
                f"class with MCC {probe['mcc']:.2f} out-of-fold (SN {probe['sn']:.2f}, SP "
                f"{probe['sp']:.2f}), and the champion reaches {point['mcc']:.2f}.",
                "colour": "red",
            }
        )
    for finding in audit["findings"]:
        if finding["severity"] == "serious":
            found.append({"text": f"Audit: {finding['title']}.", "colour": "red"})
    champion = tuned[selection["champion"]]
    if champion["stability"] and champion["stability"]["flag"] == "red":
        found.append(
            {
                "text": "The folds disagree widely about the champion's threshold: a "
                "red flag. See the stability column.",
                "colour": "red",
            }
        )
    shifted = [
        name for name, one in tuned.items() if not one["comparability"]["comparable"]
    ]
    if shifted:
        found.append(
            {
                "text": "The folds' score distributions differ (Kolmogorov-Smirnov, "
                f"Holm-corrected p < 0.01) for {', '.join(shifted)}; pooled thresholds "
                "are less reliable there.",
                "colour": "",
            }
        )
    own = [row for row in metrics if row["variant"] == selection["champion"]]
    if own:
        row = own[-1]
        smaller = min(row["tp"] + row["fn"], row["tn"] + row["fp"])
        if row["groups"] < FEWEST_GROUPS or smaller < FEWEST_OF_A_CLASS:
            found.append(
                {
                    "text": f"The test set has {row['groups']} groups of related "
                    f"sequences and {smaller} sequences of the smaller class: below "
                    f"{FEWEST_GROUPS} groups or {FEWEST_OF_A_CLASS} of a class the "
                    "intervals are too short.",
                    "colour": "",
                }
            )
    if own and (own[-1]["gap_low"] > 0.0 or own[-1]["gap_high"] < 0.0):
        row = own[-1]
        found.append(
            {
                "text": "The champion was balanced out-of-fold, but not on the test "
                f"set: SN − SP is {row['gap']:+.3f} [{row['gap_low']:+.3f}, "
                f"{row['gap_high']:+.3f}]. Either the threshold is not pinned down well "
                "(see its stability), or the test set differs from the training data, "
                "and no threshold tuned on those can remove the gap.",
                "colour": "",
            }
        )
    for name in tuned:
        twins = [n for n, one in selection["same"].items() if one["same_as"] == name]
        if twins:
            found.append(
                {
                    "text": f"{', '.join(twins)}: on these training data the same loss "
                    f"as {name} (the logits would differ by less than "
                    f"{max(selection['same'][n]['difference'] for n in twins):.3f}); "
                    "trained once and reported as one.",
                    "colour": "",
                }
            )
    for name, one in tuned.items():
        for note in one["notes"]:
            found.append({"text": f"{name}: {note}", "colour": ""})
    return found


def variant_row(name, selection, tuned, decides) -> dict:
    """One line of the cross-validation table."""
    loss = decides["variants"][name]["loss"]
    stability = tuned["stability"]
    difference = selection["against_baseline"].get(name)
    colours = {"green": "ok", "amber": "warning", "red": "serious"}
    model = decides["variants"][name]["training"]["model"]
    kind = loss["name"] + (f" ({loss['mode']})" if "mode" in loss else "")
    kind += "" if model in ("feedforward", "convolutional") else f", {model}"
    return {
        "name": name,
        "loss": kind.replace("_", " "),
        "same": [n for n, one in selection["same"].items() if one["same_as"] == name],
        "positive_feedback": loss.get("mode", "").startswith("seed_"),
        "champion": name == selection["champion"],
        "auroc": tuned["auroc"],
        "half": tuned["points"]["0.5"],
        "tuned": tuned["points"][tuned["operating_point"]],
        "grouped": selection["variants"][name]["grouped"],
        "difference": (
            f"{difference['mcc']:+.3f} [{difference['low']:+.3f}, "
            f"{difference['high']:+.3f}]"
            if difference
            else "–"
        ),
        "left_out": f"{stability['gap_left_out']:+.3f}" if stability else "–",
        "flag": (
            f"{stability['flag']} ({stability['ratio']:.1f}; {stability['widest']:.2f})"
            if stability
            else "not tuned"
        ),
        "flag_class": colours[stability["flag"]] if stability else "warning",
    }


def probability_row(name, calibration, metrics) -> dict:
    """One line of the table of probabilities: raw and calibrated, out-of-fold and test."""
    method = calibration["calibrator"]["method"]
    tested = [row for row in metrics if row["variant"] == name]
    return {
        "name": name,
        "method": method,
        "raw": calibration["scores"]["none"],
        "calibrated": calibration["scores"][method],
        "venn_abers": calibration["scores"]["venn_abers"],
        "test": tested[-1] if tested else None,
    }


def rule_times(folder) -> list[dict]:
    """Seconds and memory of each rule from its benchmark files, longest first."""
    rows = {}
    for path in sorted(Path(folder).rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        last = pd.read_csv(path, sep="\t").iloc[-1]
        row = rows.setdefault(
            rule, {"rule": rule, "jobs": 0, "seconds": 0.0, "rss": 0.0}
        )
        row["jobs"] += 1
        row["seconds"] += float(last["s"])
        rss = pd.to_numeric(last["max_rss"], errors="coerce")
        row["rss"] = max(row["rss"], 0.0 if pd.isna(rss) else float(rss))
    for row in rows.values():
        # Jobs shorter than the sampling interval have no memory reading.
        row["memory"] = f"{row['rss']:.0f}" if row["rss"] else "–"
    return sorted(rows.values(), key=lambda row: -row["seconds"])
