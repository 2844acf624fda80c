"""The evidence for others: every number in it is one of the records."""

import json
import re

import pytest

from evenfold.config.about import About
from evenfold.config.training import Training
from evenfold.records.evaluation import measured_table
from evenfold.records.evidence import Dome
from evenfold.records.layout import Results
from evenfold.records.selection import Learned, Selection
from evenfold.records.tables import METRICS
from evenfold.reporting.evidence import Evidence, crate, dome, model_card
from evenfold.verifying import _evidence
from tests.conftest import ROOT
from tests.unit import reporting_states as states

GIVEN = {**About(licence="CC-BY-4.0").model_dump(), "description": "windows"}


@pytest.fixture
def results(tmp_path):
    found = Results(tmp_path / "results", "demo")
    for name, record in (
        ("selection", states.selection(config=states.decides().dump())),
        ("evaluation", states.evaluation()),
        ("split_facts", states.split()),
        ("grouping", states.grouping()),
        ("audit", states.audit()),
    ):
        record.write(found.path(name))
    METRICS.write(found.path("metrics"), measured_table(states.rows()))
    found.path("report").write_text("a page")
    found.path("workflow").write_text((ROOT / "Snakefile").read_text())
    return found


def write(results, given=GIVEN):
    evidence = Evidence.read(results, given)
    dome(evidence).write(results.path("dome"))
    results.path("model_card").write_text(model_card(evidence))
    results.path("crate").write_text(crate(evidence))
    return evidence


def test_dome_tells_the_numbers_of_the_records_and_what_is_missing(results):
    told = dome(write(results))
    row = states.rows()[-1]
    assert f"MCC {row.mcc:.3f}, sensitivity {row.sn:.3f}" in told.evaluation.measure
    assert f"MCC [{row.mcc_low:.3f}, {row.mcc_high:.3f}]" in told.evaluation.confidence
    assert told.evaluation.method.endswith(
        "look 1 at an independent test set, policy sealed."
    )
    split = states.split()
    assert told.dataset.splits.startswith(
        f"{split.n_train} training sequences in {split.folds} folds"
    )
    assert "loss focal" in told.optimization.algorithm
    assert told.publication.doi == "not given"
    assert "doi" in told.missing and "licence" not in told.missing
    assert Dome.read(results.path("dome")) == told


def test_before_a_look_no_test_result_is_told(results):
    states.evaluation_withheld().write(results.path("evaluation"))
    METRICS.write(results.path("metrics"), measured_table([]))
    told = dome(write(results))
    assert "was not evaluated with these models" in told.evaluation.method
    assert told.evaluation.measure.startswith("In cross-validation focal")
    states.retrained().write(results.path("evaluation"))
    METRICS.write(results.path("metrics"), measured_table(states.rows()))
    assert dome(write(results)).evaluation.measure.startswith("In cross-validation")


def test_the_card_has_every_variant_and_what_the_user_said(results):
    card = model_card(write(results))
    assert card.startswith("# Model card: focal of demo\n\nwindows\n")
    assert "- Licence: CC-BY-4.0" in card and "- Contact: Not given" in card
    assert "| **focal** | 0.400 (sn_eq_sp) | 0.800 | 0.790 | 0.590 |" in card
    assert "ones: of an identity of at least 40 % over 80 % of both" in card
    assert "Trained on" not in card
    learned = Learned(
        shortest=5, longest=30, window=None, centre=None, letters="A", unknown=0
    )
    path = results.path("selection")
    Selection.read(path).model_copy(update={"learned": learned}).write(path)
    card = model_card(write(results))
    assert "- Trained on sequences of 5 to 30 residues; others are rejected" in card


def test_the_crate_is_whole(results):
    """What the specification asks of every crate: RO-Crate 1.1, Workflow Run 0.5."""
    value = json.loads(crate(write(results)))
    entities = {entity["@id"]: entity for entity in value["@graph"]}
    assert len(entities) == len(value["@graph"])
    descriptor = entities["ro-crate-metadata.json"]
    assert descriptor["about"] == {"@id": "./"}
    root = entities["./"]
    assert (
        root["name"]
        and root["description"]
        and entities[root["license"]["@id"]]["name"] == "CC-BY-4.0"
    )
    main = entities[root["mainEntity"]["@id"]]
    assert {"File", "ComputationalWorkflow"} <= set(main["@type"])
    (action,) = (one for one in entities.values() if one["@type"] == "CreateAction")
    assert action["instrument"] == root["mainEntity"]
    # Nothing is referred to that is not described, addresses of others aside.
    for name in re.findall(r'"@id": "([^"]+)"', json.dumps(value)):
        assert name in entities or name.startswith("http"), name
    for part in root["hasPart"]:
        assert len(entities[part["@id"]]["sha256"]) == 64


#: Fields of a record of the DOME registry (BioComputingUP/dome-registry, its core and
#: the classes that check what is sent): every one is a text.
REGISTRY = {
    "publication": {"title", "authors", "journal", "year", "pmid", "doi"},
    "dataset": {"provenance", "splits", "redundancy", "availability"},
    "optimization": {
        "algorithm", "meta", "encoding", "parameters", "features", "fitting",
        "regularization", "config",
    },
    "model": {"interpretability", "output", "duration", "availability"},
    "evaluation": {"method", "measure", "comparison", "confidence", "availability"},
}  # fmt: skip


def test_dome_has_the_fields_of_the_registry_and_no_answer_where_none_was_given(
    results,
):
    write(results)
    told = json.loads(results.path("dome").read_text())
    for section, fields in REGISTRY.items():
        assert set(told[section]) == fields, section
        assert all(isinstance(value, str) and value for value in told[section].values())
    # As the registry knows what was not answered, which it does not count.
    assert (
        told["publication"]["journal"] == told["dataset"]["availability"] == "not given"
    )
    assert told["dataset"]["provenance"].startswith("Training: ")
    given = {
        **GIVEN,
        "provenance": "UniProt.",
        "authors": "A",
        "contact": "a@example.org",
    }
    evidence = write(results, given)
    assert dome(evidence).dataset.provenance.startswith("UniProt. Training: ")
    graph = {one["@id"]: one for one in json.loads(crate(evidence))["@graph"]}
    assert graph["#authors"]["email"] == "a@example.org"
    assert graph["./"]["author"] == {"@id": "#authors"}


def test_a_crate_without_a_look_is_dated_by_the_looks_before(results):
    withheld = states.evaluation_withheld()
    withheld.write(results.path("evaluation"))
    graph = json.loads(crate(write(results)))["@graph"]
    root = next(one for one in graph if one["@id"] == "./")
    assert root["datePublished"] == withheld.looks[-1].looked_at


def test_verify_makes_the_evidence_again(results):
    assert list(_evidence(results)) == []
    write(results)
    assert [check.holds for check in _evidence(results)] == [True] * 3
    card = results.path("model_card")
    honest = card.read_text()
    card.write_text(honest.replace("0.590", "0.990"))
    faults = [check.what for check in _evidence(results) if check.holds is False]
    assert faults[0] == "model_card.md follows from the records of the run"
    card.unlink()
    (missing,) = _evidence(results)
    assert missing.holds is False and "model_card.md is missing" in missing.what
    card.write_text(honest)
    results.path("report").write_text("another page")
    (stale,) = _evidence(results)
    assert stale.holds is None and "of other files than report.html" in stale.what


@pytest.mark.parametrize(
    "model, told, parameters",
    [
        ("gradient_boosting", "columns 1.0, l2 3.0, min_weight 1.0, rows 1.0", "trees 100"),
        ("logistic_regression", "c 1.0", "seeds 1"),
        ("feedforward", "dropout 0.3", "hidden [128, 64]"),
    ],
)  # fmt: skip
def test_of_a_model_its_own_settings_are_told(results, model, told, parameters):
    evidence = Evidence.read(results, GIVEN)
    training = Training(model=model, boosting={"l2": 3.0})
    champion = evidence.champion.model_copy(update={"training": training})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evidence, "champion", property(lambda _: champion))
        found = dome(evidence).optimization
    assert told in found.regularization and parameters in found.parameters
    assert ("dropout" in found.parameters) == (model == "feedforward")
    assert "channels" not in found.parameters and "trees" not in found.regularization
