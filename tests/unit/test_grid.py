"""Grids of variants: what they stand for, how these are named, what is refused."""

import pytest

from evenfold.config.decides import Decides
from evenfold.config.grid import MOST
from evenfold.config.loading import load_run
from evenfold.config.plan import Plan
from evenfold.errors import EvenfoldError
from tests.conftest import ROOT


def variants(*entries):
    return load_run({"variants": list(entries)}).variants


def grid(name="a", loss="bce", /, **settings):
    return {"name": name, "loss": loss, "grid": settings}


def names(*entries):
    return [variant.name for variant in variants(*entries)]


def test_every_combination_is_a_variant_in_declared_order():
    made = variants(
        "bce",
        grid("width", hidden=[[64, 32], [128, 64]], learning_rate=["1e-3", 2e-3]),
        "focal",
    )
    assert [variant.name for variant in made] == [
        "bce", "width-64x32-0.001", "width-64x32-0.002", "width-128x64-0.001",
        "width-128x64-0.002", "focal",
    ]  # fmt: skip
    assert made[3].training == {"hidden": [128, 64], "learning_rate": "1e-3"}
    assert all(variant.loss.name == "bce" and not variant.grid for variant in made[:5])


def test_nested_settings_join_those_of_the_entry_and_win_over_them():
    entry = grid(boosting={"trees": [50, 100], "l2": [0.5]})
    entry["training"] = {
        "model": "gradient_boosting",
        "boosting": {"l2": 1, "leaves": 7},
    }
    first, second = variants(entry)
    assert (first.name, second.name) == ("a-50-0.5", "a-100-0.5")
    assert second.training == {
        "model": "gradient_boosting",
        "boosting": {"l2": 0.5, "leaves": 7, "trees": 100},
    }


def test_settings_of_the_loss_and_whole_losses():
    made = variants(
        grid("focal", {"name": "focal", "alpha": 0.3}, loss={"gamma": [1, 2]})
    )
    assert [(v.name, v.loss.gamma, v.loss.alpha) for v in made] == [
        ("focal-1", 1, 0.3),
        ("focal-2", 2, 0.3),
    ]
    losses = ["bce", {"name": "focal", "gamma": 3}]
    made = variants({"name": "b", "grid": {"loss": losses, "dropout": [0.1]}})
    assert [(v.name, v.loss.name) for v in made] == [
        ("b-bce-0.1", "bce"),
        ("b-focal-3-0.1", "focal"),
    ]


@pytest.mark.parametrize(
    "settings, wanted",
    [
        ({"weight_decay": ["1e-5", 0.25, 0]}, ["a-1e-5", "a-0.25", "a-0"]),
        ({"l2": [1e-10, 1e7, 1.0]}, ["a-1e-10", "a-10000000", "a-1"]),
        ({"features": [["aac"], ["aac", "dpc"]]}, ["a-aac", "a-aac-dpc"]),
        ({"model": ["my.nets:Small"]}, ["a-my_nets_Small"]),
        ({"boosting": [{"trees": 5, "leaves": 3}]}, ["a-5-3"]),
        ({"network": {"deep": [True, False, None]}}, ["a-yes", "a-no", "a-none"]),
        # No name, or the same name, can be made of these.
        ({"model": ["m:N", "m_N"]}, ["a-1", "a-2"]),
        ({"features": [["m:A"], ["m:a"]]}, ["a-1", "a-2"]),
        ({"embeddings": {"file": ["x" * 99, "y"]}}, ["a-1", "a-2"]),
    ],
)
def test_values_make_names_that_are_legal_and_unlike(settings, wanted):
    assert names(grid(**settings)) == wanted


@pytest.mark.parametrize(
    "entry, words",
    [
        (grid(hiden=[[2, 2]]), ["variant a: grid", "'hiden'", "Did you mean 'hidden'"]),
        (grid(boosting={"tree": [1]}), ["grid: boosting", "Did you mean 'trees'"]),
        (grid(loss={"gama": [1]}) | {"loss": "focal"}, ["Did you mean 'gamma'"]),
        (grid(loss=["bce", "focl"]), ["'a-focl'", "Did you mean 'focal'"]),
        (grid(dropout=0.1), ["dropout", "a list of values", "0.1", "`training`"]),
        (grid(dropout=[]), ["dropout", "a list of values"]),
        (grid(boosting={"trees": 5}), ["boosting: trees: expected a list of values"]),
        (grid(boosting={}), ["boosting: expected a list of values"]),
        (grid(hidden=[64, 32]), ["64 is no value", "hidden: [[64, 32]]"]),
        (grid(dropout=[0.1, "1e-1"]), ["dropout: 0.1 stands twice"]),
        (grid(), ["settings and lists of values, found {}"]),
        ({"loss": "bce", "grid": {"dropout": [0.1]}}, ["a grid needs a name"]),
        (grid(dropout=[0.1]) | {"training": 3}, ["training", "found 3"]),
        (grid("a b", dropout=[0.1]), ["variants.0.name"]),
        (
            grid(epochs=list(range(1, 12)), seeds=list(range(1, 11))),
            ["11 x 10 = 110 variants", f"at most {MOST}", "luck"],
        ),
    ],
)
def test_faults_of_a_grid_name_the_setting_and_the_remedy(entry, words):
    with pytest.raises(EvenfoldError) as error:
        variants(entry)
    for word in words:
        assert word in str(error.value)


def test_the_limit_counts_all_of_the_run_and_binds_runs_with_grids_alone():
    epochs = list(range(1, 101))
    assert len(variants(grid(epochs=epochs))) == MOST
    with pytest.raises(EvenfoldError, match="101 with those before it"):
        variants("bce", grid(epochs=epochs))
    assert len(variants(*({"name": f"v{i}", "loss": "bce"} for i in range(101)))) == 101


def test_a_name_that_a_grid_makes_is_taken():
    with pytest.raises(EvenfoldError, match=r"a-0\.1 is named more than once"):
        variants({"name": "a-0.1", "loss": "bce"}, grid(dropout=[0.1]))


def test_a_value_that_does_not_fit_names_its_variant(tmp_path):
    with pytest.raises(EvenfoldError, match=r"variant a-7 .*\n.*dropout"):
        Plan(
            {"datasets": ["demo"], "variants": [grid(dropout=[7])]},
            ROOT / "config/datasets",
        )


def test_a_grid_decides_what_its_variants_written_out_decide():
    def settings(*entries):
        raw = {"datasets": ["demo"], "variants": list(entries)}
        return Decides.of(
            Plan(raw, ROOT / "config/datasets").decides("demo")
        ).settings()

    written = [
        {"name": f"a-{rate}", "loss": "bce", "training": {"dropout": rate}}
        for rate in (0.1, 0.2)
    ]
    assert settings(grid(dropout=[0.1, 0.2])) == settings(*written)
