"""Losses, feature sets and criteria of the user's own, by import path."""

import sys

import numpy as np
import pytest
import torch
import yaml

from evenfold.config.criteria import words
from evenfold.config.loading import load_run
from evenfold.config.plan import Plan
from evenfold.errors import EvenfoldError
from evenfold.features import FeatureSet
from evenfold.importing import check_trusted, described, imported, module_file
from evenfold.losses import LOSSES, Loss, build_loss
from evenfold.records.selection import Selection
from evenfold.selection.criteria import CRITERIA, tabled, utility
from evenfold.selection.oof import OutOfFold
from evenfold.selection.thresholds import DEFAULTS, choose, sweep, tune

OWN = '''
import sys
sys.modules[__name__ + "_was_run"] = True
import numpy as np
import torch
from evenfold.losses import Loss

class Hinge(Loss):
    """Hinge, of a margin for each member."""
    min_per_class = 3
    def __init__(self, prior=0.5, rows=1.0, margin=1.0):
        super().__init__(prior)
        rows = torch.as_tensor(rows)[..., None]
        self.register_buffer("margin", torch.full_like(rows, margin))
        self.rows = rows
    def forward(self, logits, targets, sample_weight=None):
        return torch.relu(self.margin - logits * (2 * targets - 1)).mean(-1)

class NoLoss(torch.nn.Module):
    pass

class Lengths:
    made = 0
    columns = ["length", "gaps"]
    def __init__(self):
        Lengths.made += 1
    def compute(self, sequences):
        return np.array([[len(s.replace("-", "")), s.count("-")] for s in sequences])

class Short(Lengths):
    def compute(self, sequences):
        return super().compute(sequences)[1:]

class Holes(Lengths):
    def compute(self, sequences):
        return [[np.nan if s == "AC" else 1.0, 0.0] for s in sequences]

thing = Lengths()

def markedness(tp, fp, n1, n0, settings):
    """Largest PPV + NPV.

    More of it.
    """
    called = tp + fp
    with np.errstate(invalid="ignore"):
        return tp / called + (n0 - fp) / (n1 + n0 - called)

def flat(tp, fp, n1, n0, settings):
    return 1.0

def nothing(tp, fp, n1, n0, settings):
    return tp * np.nan
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a run with a module and a package of the user's own."""
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "pack" / "inner").mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "pack" / "inner" / "__init__.py").touch()
    (tmp_path / "pack" / "inner" / "deep.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("mine", "mine_was_run"):
        sys.modules.pop(name, None)


def test_a_module_is_found_without_being_run(folder):
    assert module_file("mine:Hinge", "loss") == folder / "mine.py"
    assert module_file("pack.inner.deep:X", "loss") == folder / "pack/inner/deep.py"
    assert module_file("pack.inner:X", "loss") == folder / "pack/inner/__init__.py"
    assert "mine_was_run" not in sys.modules and "pack" not in sys.modules
    for path in ("none:X", "pack.none:X", "mine.inner:X", "pack.inner.deep.more:X"):
        with pytest.raises(EvenfoldError, match=f"the loss {path} cannot be imported"):
            module_file(path, "loss")


def test_a_missing_name_says_where_it_was_looked_for(folder):
    assert imported("mine:thing", "feature set").columns == ["length", "gaps"]
    for path in ("mine:Missing", "none:Hinge"):
        with pytest.raises(EvenfoldError) as error:
            imported(path, "loss")
        assert f"the loss {path} cannot be imported" in str(error.value)
        assert str(folder) in str(error.value)


def test_the_docstring_of_a_criterion_stands_in_the_report(folder):
    assert words("mine:markedness") == "Largest PPV + NPV"
    # Without a docstring, or where the module is gone by then, its path.
    assert described("mine:flat") == "mine:flat" and described("gone:x") == "gone:x"
    assert "mine_was_run" not in sys.modules


def plan(folder, variants, **keys):
    files = {"positive": "p.fasta", "negative": "p.fasta"}
    (folder / "p.fasta").write_text(">a\nACD\n")
    (folder / "d.yaml").write_text(yaml.safe_dump({"train": files}))
    return Plan({"datasets": ["d"], "variants": variants, **keys}, folder)


VARIANTS = [
    "bce",
    {"name": "hinge", "loss": {"name": "mine:Hinge", "margin": 2.0}},
    {
        "name": "long",
        "loss": "mine:Hinge",
        "training": {"features": ["aac", "mine:Lengths"], "model": "pack.inner:Net"},
    },
]


def test_the_plan_knows_which_modules_a_variant_depends_on(folder):
    made = plan(folder, VARIANTS, selection={"criterion": "mine:markedness"})
    assert made.own_modules("d", "bce") == ["mine:markedness"]
    assert made.own_modules("d", "bce", "loss", "network") == []
    assert made.own_modules("d", "hinge", "loss") == ["mine:Hinge"]
    assert made.own_modules("d", "long") == [
        "pack.inner:Net", "mine:Hinge", "mine:Lengths", "mine:markedness"]  # fmt: skip
    assert made.own_modules("d", "long", "feature set") == ["mine:Lengths"]
    name = made.features("d", "long")
    assert name.startswith("aac-minelengths")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert made.own_features("d", name) == ["mine:Lengths"]
    assert made.featured("d", name)["names"] == ["aac", "mine:Lengths"]
    assert "mine_was_run" not in sys.modules


def test_settings_of_a_loss_identify_the_selection(folder):
    one, other = (
        plan(folder, [{"name": "h", "loss": {"name": "mine:Hinge", "margin": m}}])
        for m in (1.0, 2.0)
    )
    loss = one.decides("d")["variants"]["h"]["loss"]
    assert loss == {"name": "mine:Hinge", "margin": 1.0, "warmup_epochs": 0,
                    "learning_rate_factor": 1.0}  # fmt: skip
    assert one.decides("d") != other.decides("d")
    assert made_alike(folder, 1.0) == {"first"} and made_alike(folder, 2.0) == set()


def made_alike(folder, margin):
    variants = [
        {"name": name, "loss": {"name": "mine:Hinge", "margin": m}}
        for name, m in (("first", 1.0), ("second", margin))
    ]
    return set(plan(folder, variants).alike("d", "second", "proteins"))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"loss": "none:Hinge"}, "the loss none:Hinge cannot be imported"),
        ({"training": {"model": "none:Net"}}, "the network none:Net cannot"),
        ({"training": {"features": ["none:F"]}}, "the feature set none:F cannot"),
        ({"training": {"features": ["tokens", "mine:F"]}}, "cannot be joined"),
        ({"loss": "mine:"}, "does not exist"),
        ({"training": {"features": ["mine:"]}}, "no feature set 'mine:'"),
        (
            {"loss": "mine:Hinge", "training": {"model": "logistic_regression"}},
            "cannot be fitted with the loss mine:Hinge",
        ),
    ],
)
def test_what_cannot_be_is_an_error_of_the_plan(folder, change, words):
    with pytest.raises(EvenfoldError, match=words):
        plan(folder, [{"name": "x", "loss": "bce", **change}])


def test_an_unknown_criterion_is_an_error_of_the_plan(folder):
    with pytest.raises(EvenfoldError, match="the criterion none:f cannot be imported"):
        plan(folder, ["bce"], selection={"criterion": "none:f"})
    with pytest.raises(EvenfoldError, match="or an import path module:Name"):
        load_run({"variants": ["bce"], "selection": {"criterion": "sn_is_sp"}})


def test_a_loss_is_made_and_trains_as_a_stack(folder):
    rows = torch.tensor([50.0, 70.0])
    loss = build_loss(
        {"name": "mine:Hinge", "margin": 2.0}, torch.full((2,), 0.3), rows
    )
    assert loss.rows.squeeze(-1).tolist() == [50.0, 70.0] and loss.min_per_class == 3
    logits = torch.tensor([[3.0, -1.0], [0.0, 0.5]])
    assert loss(logits, torch.tensor([[1, 0], [1, 0]])).tolist() == [0.5, 2.25]
    loss.select(torch.tensor([1]))
    assert loss.margin.shape == (1, 1)
    assert not [name for name in LOSSES if ":" in name]


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"name": "mine:NoLoss"}, "not a class derived from evenfold.losses.Loss"),
        ({"name": "mine:markedness"}, "not a class derived"),
        ({"name": "mine:Hinge", "marge": 1}, "does not take its settings.*'marge'"),
        ({"name": "mine:Missing"}, "mine:Missing cannot be imported"),
    ],
)
def test_what_is_no_loss_is_named(folder, settings, words):
    with pytest.raises(EvenfoldError, match=words):
        build_loss(settings, 0.5)


def test_no_loss_takes_the_name_of_another():
    with pytest.raises(ValueError, match="there is a loss 'bce' already"):

        class Mine(Loss, name="bce"):
            pass


def test_features_of_ones_own_are_joined_in_order(folder):
    sequences = ["ACDK-", "AC", "-" * 3] * 200
    features = FeatureSet(("mine:Lengths", "aac", "mine:thing"), 0)
    assert features.columns[:2] == features.columns[-2:] == ["length", "gaps"]
    facts = features.facts()
    assert FeatureSet.of(facts.names, facts.length, facts.vectors) == features
    values = features.compute(sequences)
    assert values.dtype == np.float32 and values.shape == (600, 24)
    assert (
        values[:3, :2].tolist() == values[:3, -2:].tolist() == [[4, 1], [2, 0], [0, 3]]
    )
    assert (values[:, 2:-2] == FeatureSet(("aac",), 0).compute(sequences)).all()
    # One object for all pieces, besides `thing`.
    assert imported("mine:Lengths", "feature set").made == 2


@pytest.mark.parametrize(
    "name, words",
    [
        ("mine:Short", r"shape \(2, 2\) for 3 sequences; it has 2 columns"),
        ("mine:Holes", "no finite numbers for the sequence AC$"),
        ("mine:flat", "no `columns` or no `compute"),
        ("mine:Missing", "the feature set mine:Missing cannot be imported"),
    ],
)
def test_what_are_no_features_is_named(folder, name, words):
    with pytest.raises(EvenfoldError, match=words):
        FeatureSet((name,), 0).compute(["ACDK", "AC", "A"])


def test_a_criterion_of_ones_own_is_tuned_to_and_tabled(folder):
    generator = np.random.default_rng(0)
    labels = (generator.random(400) < 0.3).astype(int)
    logits = generator.normal(size=400) + 2 * labels
    points = sweep(logits, labels)
    index = choose(points, "mine:markedness")
    called = points.tp + points.fp
    inner = slice(1, -1)
    by_hand = points.tp[inner] / called[inner] + (
        (points.n_negative - points.fp[inner]) / (400 - called[inner])
    )
    assert points.logit[index] == pytest.approx(
        points.logit[inner][by_hand.argmax()], abs=1e-9
    )
    settings = DEFAULTS.model_copy(
        update={"criterion": "mine:markedness", "resamples": 100, "keep_half": False}
    )
    found = tune(OutOfFold(logits, labels, np.arange(400) % 4), settings, 1)
    assert found.operating_point == "mine:markedness"
    assert list(found.points) == ["0.5", *CRITERIA, "mine:markedness"]
    assert tabled("youden") == list(CRITERIA)


@pytest.mark.parametrize(
    "name, words",
    [
        ("mine:flat", r"float64 of shape \(\) for \(5,\)"),
        ("mine:nothing", "undefined at every threshold"),
        ("mine:Missing", "the criterion mine:Missing cannot be imported"),
    ],
)
def test_what_is_no_criterion_is_named(folder, name, words):
    with pytest.raises(EvenfoldError, match=words):
        utility(name, np.arange(5.0), np.arange(5.0), 9, 9, DEFAULTS.model_dump())


def test_modules_that_results_name_are_imported_if_they_are_trusted(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.py").write_text("open('ran', 'w').close()\nclass Net: pass\n")
    names = ["aac", "theirs:Net", "theirs:F"]
    with pytest.raises(EvenfoldError) as error:
        check_trusted(names, "w.safetensors", False)
    assert str(error.value) == (
        "w.safetensors names code of its own, theirs:Net, theirs:F: to score with it runs "
        f"theirs, from what is installed or from this folder ({tmp_path}). If you trust "
        "these results and that code, add --trust-modules; in Python it is "
        "trust_modules=True."
    )
    check_trusted(names, "w.safetensors", True)
    check_trusted(["aac", "feedforward"], "w.safetensors", False)
    # What is no import path has not been asked for: it is not imported either.
    for name in ("theirs", "theirs:"):
        with pytest.raises(EvenfoldError, match="cannot be imported"):
            imported(name, "network")
    assert not (tmp_path / "ran").exists()
    imported("theirs:Net", "network")
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("part", ["network", "feature set"])
def test_nothing_runs_the_code_of_results_unasked(part, tmp_path, monkeypatch, capsys):
    """The commands, a bundle and Python, also where the module lies in this folder."""
    from mlflow.pyfunc import PythonModelContext

    from evenfold.cli import main
    from evenfold.files import sha256_file
    from evenfold.models.ensemble import Ensemble
    from evenfold.prediction import Predictor
    from evenfold.prediction.mlflow_model import Champion
    from evenfold.records.layout import Results
    from tests.hostile.cases import Case
    from tests.hostile.running import outcome_of
    from tests.unit import reporting_states as states

    fasta = {"new.fasta": b">a\nMKVL\n"}
    case = Case("predict", "own", fasta, "predict", run={"champion": "composition"})
    assert outcome_of(case, tmp_path).kind == "done"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.py").write_text("open('ran', 'w').close()\n")
    results = Results(tmp_path / "results", "mine")
    weights = results.path("weights", variant="bce")
    ensemble = Ensemble.load(weights)
    if part == "network":
        ensemble.recipe = {"kind": "other:Net", "n_columns": 20}
    else:
        ensemble.features = {"names": ["other:Net"], "length": 0}
    ensemble.save(weights)
    path = results.path("selection")
    selection = Selection.read(path)
    chosen = states.frozen(loss="bce", weights_sha256=sha256_file(weights))
    selection.model_copy(update={"variants": {"bce": chosen}}).write(path)
    assert main(["export", "results/mine", "b.zip"]) == 0
    assert "code of your own where it is used: other:Net" in capsys.readouterr().out
    for what in ("results/mine", "b.zip"):
        for command in (["predict", what, "new.fasta"], ["serve", what]):
            assert main(command) == 1
            told = capsys.readouterr().err
            assert "weights.safetensors names code of its own, other:Net" in told
            assert "add --trust-modules" in told
        with pytest.raises(EvenfoldError, match="trust_modules=True"):
            Predictor.load(what)
    assert not (tmp_path / "ran").exists()
    for what in ("results/mine", "b.zip"):
        monkeypatch.delitem(sys.modules, "other", raising=False)
        assert main(["predict", what, "new.fasta", "--trust-modules"]) == 1
        assert "other:Net cannot be imported" in capsys.readouterr().err
        (tmp_path / "ran").unlink()
        monkeypatch.delitem(sys.modules, "other", raising=False)
        with pytest.raises(EvenfoldError, match="other:Net cannot be imported"):
            Predictor.load(what, trust_modules=True).score(["MKVL"])
        (tmp_path / "ran").unlink()
    monkeypatch.delitem(sys.modules, "other", raising=False)
    # As SECURITY.md has it: whoever loads a model of MLflow trusts it.
    model, context = (
        Champion(),
        PythonModelContext({"selection": str(path), "weights": str(weights)}, None),
    )
    model.load_context(context)
    with pytest.raises(EvenfoldError, match="other:Net cannot be imported"):
        model.predict(context, ["MKVL"])
    (tmp_path / "ran").unlink()
    monkeypatch.delitem(sys.modules, "other", raising=False)
