"""The report as a page, what it reads, and the summary of several data sets."""

import html
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from functools import cache
from itertools import pairwise

import jinja2
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from evenfold.errors import EvenfoldError
from evenfold.records.record import plain
from evenfold.records.tables import HISTORY, METRICS, NEAREST, OOF, PREDICTIONS
from evenfold.records.weights import WeightsHeader
from evenfold.reporting import figures
from evenfold.reporting.facts import (
    ReportFiles,
    RuleTime,
    commit_of,
    read_facts,
    rule_times,
)
from evenfold.reporting.report import made, report
from evenfold.reporting.summary import summarise
from evenfold.reporting.words import WORDS
from tests.conftest import ROOT
from tests.unit import reporting_states as states

STATES = {
    "evaluated": states.facts,
    "explored": states.before_look,
    "withheld": states.withheld,
    "published split": states.compared,
    "learning curve": lambda: states.facts(curve=states.curve(states.size_curve())),
    "27 variants": states.many,
    "domain": lambda: states.facts(
        selection=states.selection(trust=states.trust(), domain=states.bands()),
        evaluation=states.evaluation(
            trust=states.sets_judged(), bands=states.in_bands()
        ),
    ),
    "windows": lambda: states.facts(source_proteins=states.source_proteins()),
}


@cache
def page(state):
    """The report of a state, made once: figures take their time."""
    return report(STATES[state]())


@pytest.mark.parametrize("state", STATES)
def test_the_page_is_whole_and_stands_alone(state):
    text = page(state)
    assert text.startswith("<!doctype html>") and text.endswith("</html>")
    assert text.count("<h1 ") == 1 and "{{ " not in text and "{%" not in text
    for outside in ("http://", "https://", "src=", "<link", "@import", "fetch("):
        assert outside not in text.replace("http://www.w3.org", "")
    assert len(text) < 2_000_000


HEADINGS = (
    "Next",
    "On the independent test set",
    "The earlier look at this test set",
    "Where does it err?",
    "In cross-validation, where everything was chosen",
    "How well do scores tell the classes apart?",
    "What does the model look at?",
    "Would more data help?",
    "Can a score be read as a probability?",
    "How sure is a single call?",
    "How far does it reach?",
    "Beside the published split",
    "Is the test set like the training data?",
    "Does the data leak?",
    "The ledger",
    "Methods to paste",
    "Provenance",
    "Words",
)
SURE = {9, 10}
HIDDEN = {
    "evaluated": {2, 7, 11} | SURE,
    "explored": {1, 2, 3, 7, 11} | SURE,
    "withheld": {1, 3, 7, 11} | SURE,
    "published split": {2, 7} | SURE,
    "learning curve": {2, 11} | SURE,
    "27 variants": {2, 7, 11} | SURE,
    "domain": {2, 7, 11},
    "windows": {2, 7, 11} | SURE,
}


@pytest.mark.parametrize("state", STATES)
def test_sections_that_have_something_to_show_are_there_in_order(state):
    shown = [h for i, h in enumerate(HEADINGS) if i not in HIDDEN[state]]
    assert re.findall("<h2 [^>]*>([^<]*)</h2>", page(state)) == shown


@pytest.mark.parametrize("state", STATES)
def test_the_page_can_be_read_by_those_who_do_not_see_it(state):
    text = page(state)
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    targets = re.findall(r'(?:href="|url\()#([^")]+)', text)
    assert set(targets) <= set(ids)
    assert set(re.findall(r'aria-labelledby="([^"]*)"', text)) <= set(ids)
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
    assert levels[0] == 1 and max(b - a for a, b in pairwise(levels)) == 1
    assert text.count("<caption>") == text.count("<table ") > 3
    assert text.count("<th ") == text.count('<th scope="') and "<th>" not in text
    assert text.count("<figcaption>") + text.count('class="panels') > 3
    svgs = re.findall(r"<svg .*?</svg>", text, flags=re.DOTALL)
    assert all('role="img"' in svg and "<title id=" in svg for svg in svgs)


@pytest.mark.parametrize("state", STATES)
def test_every_heading_can_be_linked_to(state):
    headings = re.findall("<h[1-6][^>]*>", page(state))
    assert len(headings) > 10 and all(' id="' in heading for heading in headings)


@pytest.mark.parametrize("state", STATES)
def test_every_word_is_explained_where_it_is_first_used(state):
    """In running text; headings, commands and links say it again."""
    text = page(state)
    text = text[text.index("<main>") : text.index('<h2 id="words">')]
    for whole in ("svg", "pre", "code", "summary", "h2", "h3", "a"):
        text = re.sub(rf"<{whole}[ >].*?</{whole}>", "", text, flags=re.DOTALL)
    text = re.sub(r'<p class="copied".*?</p>', "", text, flags=re.DOTALL)
    marks = {one.meaning: chr(0xE000 + i) for i, one in enumerate(WORDS.values())}
    text = re.sub(
        '<abbr title="([^"]*)">.*?</abbr>',
        lambda one: marks.get(html.unescape(one[1]), ""),
        text,
    )
    plain = html.unescape(re.sub("<[^>]*>", "|", text))
    found = 0
    for name, one in WORDS.items():
        if not one.pattern:
            continue
        first = re.search(rf"(?<![\w./-]){one.pattern}(?![\w/]|-\w)", plain)
        if first:
            found += 1
            assert 0 <= plain.find(marks[one.meaning]) < first.start(), name
    assert found > 15


@pytest.mark.parametrize("state", STATES)
def test_a_page_has_one_form_of_percentages_and_moments_and_no_raw_marks(state):
    text = re.sub(
        r"<(pre|code|style|script)\b.*?</\1>|<[^>]*>", " ", page(state), flags=re.DOTALL
    )
    assert re.findall(r"\d%|\d +%|\d\d:\d\d:\d\d|`", text) == []


@pytest.mark.parametrize("state", STATES)
def test_a_downloaded_table_has_one_number_a_cell(state):
    """What a column shows together has a name for each part in its file."""
    numbers = r"[+-]?\d+(?:\.\d+)?(?:e-?\d+)?"
    for table in re.findall("<table .*?</table>", page(state), flags=re.DOTALL):
        head, body = table.split("</thead>")
        heads = re.findall("<th [^>]*>", head.split("<tr>")[-1])
        for row in re.findall("<tr.*?</tr>", body, flags=re.DOTALL):
            cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL)
            for one, cell in zip(heads, cells):
                shown = html.unescape(re.sub("<[^>]*>", "", cell)).strip()
                if re.match(r"\d{4}-\d\d-", shown) or not re.fullmatch(
                    rf"(?:{numbers}|PPV|[\s/,;→–\[\]])*", shown
                ):
                    continue
                parts = re.findall(r'data-parts="([^"]*)"', one)
                n = len(re.findall(numbers, shown))
                assert n <= (len(parts[0].split("|")) if parts else 1), (one, shown)


def test_a_report_without_a_look_links_no_results_of_one():
    for state, linked in (
        ("evaluated", True),
        ("withheld", False),
        ("explored", False),
    ):
        for name in ("test/metrics.tsv", "test/predictions.parquet"):
            assert (f'href="{name}"' in page(state)) is linked
    for name in ("model_card.md", "dome.json", "ro-crate-metadata.json"):
        assert f'href="{name}"' in page("evaluated")


@pytest.mark.parametrize("state", STATES)
def test_every_figure_has_a_caption_of_its_own_in_snakemakes_report(state):
    caption = (ROOT / "workflow/report/figure.rst").read_text(encoding="utf-8")
    template = jinja2.Environment().from_string(caption)
    names = re.findall('<figure [^>]*data-name="([^"]*)"', page(state))
    said = {}
    for name in names:
        snakemake = {"wildcards": {"figure": name, "dataset": "demo"}}
        told = template.render(snakemake=snakemake)
        assert "A figure of the report." not in told and "demo" in told, name
        said.setdefault(told, []).append(re.split("-\\d|variant|bce|focal", name)[0])
    assert all(len(set(alike)) == 1 for alike in said.values())


@pytest.mark.parametrize("state", STATES)
def test_contents_lead_to_every_section(state):
    text = page(state)
    contents = text[text.index("<nav") : text.index("</nav>")]
    named = re.findall(r'<a href="#([^"]*)">([^<]*)</a>', contents)
    assert named[0] == ("verdict", "Verdict")
    assert named[1:] == re.findall('<h2 id="([^"]*)">([^<]*)</h2>', text)


def test_figures_are_one_size_and_become_files(tmp_path):
    report_ = made(states.facts(), "pictures")
    names = [drawing.name for drawing in report_.drawings]
    assert len(names) == len(set(names)) > 15
    for drawing in report_.drawings:
        sizes = set(re.findall(r"font(?:-size)?: (?:bold )?([\d.]+)px", drawing.svg))
        assert sizes == {str(figures.TEXT)}, drawing.name
        assert f'href="pictures/{drawing.name}.pdf"' in report_.html
    first = report_.drawings[0]
    first.write(tmp_path)
    alone = (tmp_path / f"{first.name}.svg").read_text()
    assert alone.startswith("<?xml") and "var(" not in alone and figures.MCC in alone
    assert (tmp_path / f"{first.name}.pdf").read_bytes().startswith(b"%PDF")


def test_variants_are_marked_wherever_they_are_shown():
    text = page("27 variants")
    for name in ("variant0", "variant26"):
        marked = text.count(f'data-variant="{name}"')
        # Rows of the tables, lines and dots of the figures, and a panel.
        assert marked >= 12
    assert text.count("data-variants=") == 1


@pytest.mark.parametrize("state", STATES)
def test_every_row_of_a_variant_is_switched_with_it(state):
    names = set(STATES[state]().tuned)
    rows = re.findall(
        r'<tr([^>]*)><th scope="row">([^<]*)<', page(state), flags=re.DOTALL
    )
    own = [(told, name) for told, name in rows if name in names]
    assert {name for _, name in own} == names
    assert [one for one in own if f'data-variant="{one[1]}"' not in one[0]] == []


def metrics(path, rows):
    METRICS.write(
        path, pd.DataFrame([plain(row) for row in rows], columns=METRICS.names)
    )
    return str(path)


def written(folder, facts):
    """A run's files, from which its facts can be read again."""
    paths = {}
    beside = facts.beside
    for name, record in (
        ("selection", facts.selection),
        ("audit", facts.audit),
        ("split", facts.split),
        ("groups", facts.grouping),
        ("status", facts.evaluation),
        ("source_proteins", facts.source_proteins),
        ("published_selection", beside and beside.selection),
        ("published_audit", beside and beside.audit),
        ("published_split", beside and beside.split),
        ("learning_curve", facts.curve),
        ("contributions", facts.contributions),
    ):
        if record:
            path = folder / f"{name}.json"
            record.write(path)
            several = name.startswith(("published", "learning", "source"))
            paths[name] = [str(path)] if several else str(path)
    if facts.evaluation:
        rows = [*facts.measured, *(beside.measured if beside else [])]
        paths["metrics"] = metrics(folder / "metrics.tsv", rows)
        called = facts.called.reindex(columns=["id", "label", "score", "threshold"])
        called["label"] = called["label"].astype("Int64")
        shown = facts.evaluation.look.champion if facts.evaluation.look else "focal"
        predictions = called.assign(
            variant=shown, group=0, probability=0.5, called=0, called_half=0
        )
        path = folder / "predictions.parquet"
        PREDICTIONS.write(path, predictions[PREDICTIONS.names])
        paths["predictions"] = str(path)
    near = facts.called.reindex(columns=NEAREST.names)
    NEAREST.write(folder / "nearest.parquet", near)
    paths["nearest"] = str(folder / "nearest.parquet")
    paths |= {"thresholds": [], "history": [], "oof": [], "weights": []}
    for name, one in facts.tuned.items():
        one.write(folder / f"{name}.json")
        HISTORY.write(folder / f"{name}.parquet", facts.history[name])
        paths["thresholds"].append(str(folder / f"{name}.json"))
        paths["history"].append(str(folder / f"{name}.parquet"))
        oof = facts.oof.assign(id="a", fold=0, logit=0.0, excess=0.0)[OOF.names]
        OOF.write(folder / f"{name}.oof.parquet", oof)
        paths["oof"].append(str(folder / f"{name}.oof.parquet"))
        member = {"fold": 0, "seed": 0}
        header = {"recipe": {}, "features": {}, "members": [member]}
        weights = folder / f"{name}.safetensors"
        save_file({"a": np.zeros(1)}, weights, {"evenfold": json.dumps(header)})
        paths["weights"].append(str(weights))
    return ReportFiles(**paths)


@pytest.mark.parametrize("state", [s for s in STATES if s != "27 variants"])
def test_a_report_of_files_is_the_report_of_their_records(tmp_path, state):
    facts = STATES[state]()
    files = written(tmp_path, facts)
    again = read_facts("demo", files, facts.settings, tmp_path / "none")
    assert again.evaluation == facts.evaluation
    assert report(replace(again, times=facts.times)) == page(state)


def test_a_twin_has_no_thresholds_to_read(tmp_path):
    """Its threshold.json names the variant that was trained for it."""
    facts = states.facts(
        selection=states.selection(
            variants={"focal": states.frozen()},
            same={"bce": states.Twin(same_as="focal", difference=0.001)},
        )
    )
    files = written(tmp_path, facts)
    states.Twin(same_as="focal", difference=0.001).write(tmp_path / "bce.json")
    again = read_facts("demo", files, facts.settings, tmp_path / "none")
    assert list(again.tuned) == list(again.history) == ["focal"]


def test_a_file_of_another_version_is_named(tmp_path):
    facts = states.facts()
    files = written(tmp_path, facts)
    (tmp_path / "audit.json").write_text('{"findings": []}')
    with pytest.raises(EvenfoldError, match=r"audit\.json: the field 'fold_to_fold'"):
        read_facts("demo", files, facts.settings, tmp_path)


BENCHMARK = "s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{memory}\n"


def test_times_are_added_up_by_rule_the_longest_first(tmp_path):
    for file, seconds, memory in (
        ("select.tsv", "1.5", "-"),
        ("train/bce.tsv", "20.0", "300.5"),
        ("train/focal.tsv", "21.5", "410.0"),
        ("tune/bce.tsv", "3.0", "NA"),
    ):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(BENCHMARK.format(seconds=seconds, memory=memory))
    repeated = tmp_path / "select.tsv"
    repeated.write_text(repeated.read_text() + "2.5\t0:00:02\t-\n")
    assert rule_times(tmp_path) == [
        RuleTime("train", 2, 41.5, 410.0),
        RuleTime("tune", 1, 3.0, None),
        RuleTime("select", 1, 2.5, None),
    ]
    assert rule_times(tmp_path / "nothing") == []


def test_a_time_below_nothing_is_no_time(tmp_path):
    """The clock was set back during a job."""
    for file, seconds in (("select.tsv", "-3599.0"), ("tune.tsv", "2.0")):
        (tmp_path / file).write_text(BENCHMARK.format(seconds=seconds, memory="-"))
    times = rule_times(tmp_path)
    assert times == [RuleTime("tune", 1, 2.0, None), RuleTime("select", 1, None, None)]


def test_the_summary_has_the_champions_and_names_what_was_withheld(tmp_path):
    other = [
        row.model_copy(update={"dataset": "other"}) for row in states.rows(mcc=0.7)
    ]
    paths = {
        "demo": metrics(tmp_path / "demo.tsv", states.rows()),
        "other": metrics(tmp_path / "other.tsv", other),
        "sealed": metrics(tmp_path / "sealed.tsv", []),
    }
    path, table = tmp_path / "summary.html", tmp_path / "summary.tsv"
    assert summarise(paths, path, table) == 8
    page = re.sub("</?abbr[^>]*>", "", path.read_text())
    assert page.count("demo/report.html") == page.count("other/report.html") == 2
    assert page.count("sealed/report.html") == 1
    assert "not evaluated: the test set was looked at by an earlier selection" in page
    assert "Chosen by cross-validation, then judged on its test set." in page
    assert ">untuned<" in page and ">sn_eq_sp<" in page and ">0.700<" in page
    assert "<td>0.789</td>" in page  # PPV
    assert '<td class="t">bce</td>' not in page
    assert METRICS.frame(table)["dataset"].tolist() == ["demo"] * 4 + ["other"] * 4


def test_a_summary_of_looks_that_were_all_withheld_is_an_empty_table(tmp_path):
    paths = {"sealed": metrics(tmp_path / "sealed.tsv", [])}
    path, table = tmp_path / "summary.html", tmp_path / "summary.tsv"
    assert summarise(paths, path, table) == 0
    assert METRICS.frame(table).empty and "not evaluated" in path.read_text()


def test_a_summary_without_withheld_looks_names_none(tmp_path):
    paths = {"demo": metrics(tmp_path / "demo.tsv", states.rows())}
    summarise(paths, tmp_path / "summary.html", tmp_path / "summary.tsv")
    assert "not evaluated" not in (tmp_path / "summary.html").read_text()


def over(tmp_path, datasets, better=0.05, lacking=None):
    """The page of so many data sets, on which later variants are better."""
    paths = {}
    for i in range(datasets):
        rows = []
        for j, variant in enumerate(("bce", "focal", "snsp", "wbce")):
            if (i, variant) == lacking:
                continue
            own = {"dataset": f"d{i}", "variant": variant, "champion": j == 3}
            mcc = 0.5 + better * j + 0.01 * ((i * 7 + j * 3) % 5)
            rows += [
                states.measured_at_half(**own),
                states.measured(**own, mcc=mcc),
                states.measured(**own | {"variant": f"published/{variant}"}, mcc=0.9),
            ]
        paths[f"d{i}"] = metrics(tmp_path / f"{i}.tsv", rows)
    summarise(
        paths, tmp_path / "summary.html", tmp_path / "t.tsv", tmp_path / "pictures"
    )
    text = (tmp_path / "summary.html").read_text()
    told = html.unescape(re.sub("<style.*?</style>|<[^>]*>", "", text, flags=re.S))
    return text, " ".join(told.split())


def test_a_summary_ranks_variants_and_says_which_differ(tmp_path):
    text, told = over(tmp_path, 6)
    assert "Ranks differ by more than chance (Friedman, p < 0.001)." in told
    assert "nearer than 1.91, the critical difference, cannot be told apart" in told
    assert "Two variants whose bars do not overlap differ (Nemenyi, 5 %)." in told
    order = re.findall(r'<th scope="row">(\w+)</th>', text)
    assert order[-4:] == ["wbce", "snsp", "focal", "bce"] and "published/" not in text
    assert re.findall(r'<td class="t">(alike|worse)</td>', text) == [
        "alike", "worse", "worse"
    ]  # fmt: skip
    assert text.count('class="champion"') == 1
    # Gap before and after: by variant in the table, by champion in the figure.
    assert "<td>0.330</td><td>0.010</td>" in text
    assert "d0, at 0.5: SN − SP -0.330" in text and "d0, tuned: SN − SP +0.010" in text
    assert {p.name for p in (tmp_path / "pictures").iterdir()} == {
        "ranks.svg", "ranks.pdf", "gaps.svg", "gaps.pdf"
    }  # fmt: skip
    assert 'href="pictures/ranks.pdf"' in text


def test_a_summary_of_variants_that_are_alike_says_so(tmp_path):
    text, told = over(tmp_path, 6, better=0.0)
    assert "Ranks differ by no more than chance (Friedman, p = " in told
    assert "over these 6 data sets no variant is better than another." in told
    assert "beside the first" not in told and 'class="champion"' not in text


def test_a_summary_of_few_data_sets_tests_nothing(tmp_path):
    text, told = over(tmp_path, 3, lacking=(1, "focal"))
    assert "3 data sets are too few to tell ranks from chance: 5 are needed." in told
    assert "Not on every data set, and not ranked: focal." in told
    assert "critical difference" not in told and "Nemenyi" not in told
    assert "choose no loss by this page and report the same test sets." in told
    # Nor is the first by chance shown as the best.
    assert 'class="champion"' not in text
    _, told = over(tmp_path, 1)
    assert "Ranks need two variants that two data sets share." in told


def test_a_report_loads_neither_torch_nor_mlflow():
    code = (
        "import sys, evenfold.reporting.report, evenfold.reporting.summary\n"
        "sys.exit(bool({'torch', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_the_names_of_inputs_are_those_of_the_rule():
    """Snakemake hands the rule's inputs over by name."""
    rules = (ROOT / "workflow/rules/reporting.smk").read_text()
    fields = asdict(ReportFiles("", "", "", "", [], [], [], [], "", ""))
    assert all(f"        {name}=" in rules for name in fields)


def test_damaged_weights_are_named_with_the_remedy(tmp_path):
    path = tmp_path / "weights.safetensors"
    for content in (b"", b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(EvenfoldError, match=r"weights\.safetensors: not evenfold"):
            WeightsHeader.of_weights(path)


def test_a_commit_is_told_where_there_is_a_repository(tmp_path):
    assert commit_of(tmp_path) is None
