"""Defaults by kind of data: which kind is seen, and what is filled in."""

import pytest

from evenfold.config.dataset import Dataset
from evenfold.config.kinds import (
    BY_KIND,
    KINDS,
    NETWORK,
    asked_of,
    default_features,
    resolved,
)
from evenfold.config.loading import given_training, load_run
from evenfold.config.networks import NETWORKS
from evenfold.errors import EvenfoldError
from evenfold.sequences.kinds import kind_of, why_kind


@pytest.mark.parametrize(
    "lengths, kind, why",
    [
        ([31] * 40, "windows", "all training sequences have 31 letters"),
        ([9] * 40, "windows", "all training sequences have 9 letters"),
        ([5] * 20 + [50] * 20, "peptides", "95 % of the training sequences have at most 50 letters"),
        ([30] * 19 + [4000], "peptides", "95 % of the training sequences have at most 30 letters"),
        ([30] * 18 + [101, 4000], "proteins", "95 % of the training sequences have up to 101 letters, more than 100"),
        ([350] * 40, "proteins", "95 % of the training sequences have up to 350 letters, more than 100"),
    ],
)  # fmt: skip
def test_the_kind_goes_by_the_lengths(lengths, kind, why):
    assert kind_of(lengths) == kind
    assert why_kind(kind, lengths) == why


@pytest.mark.parametrize("kind", KINDS)
def test_everything_has_defaults_for_every_kind(kind):
    assert resolved({}, kind, "x").model == NETWORK[kind]
    for model in NETWORKS:
        training = resolved({"model": model}, kind, "x")
        assert training.model == model
        assert training.features == default_features(model, kind)
    assert default_features(None, kind) == resolved({}, kind, "x").features
    own = resolved({"model": "mine:Net"}, kind, "x")
    assert own.features == default_features("feedforward", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_given_wins_over_the_kind(kind):
    assert resolved({"features": ["tokens"]}, kind, "x").model == "convolutional"
    assert (
        resolved({"features": ["residues"]}, kind, "x").model == "pooled_convolutional"
    )
    assert resolved({"features": ["aac"]}, kind, "x").model == "feedforward"
    given = {"model": "feedforward", "features": ["aac"], "epochs": 3, "seeds": 1}
    training = resolved(given, kind, "x")
    assert (training.epochs, training.seeds, training.features) == (3, 1, ["aac"])
    assert resolved({"boosting": {"trees": 7}}, kind, "x").boosting.trees == 7
    with pytest.raises(EvenfoldError, match="reads `features: \\[tokens\\]`"):
        resolved({"model": "convolutional", "features": ["aac"]}, kind, "x")


def test_a_variant_with_a_model_of_its_own_inherits_what_that_can_read():
    def given(shared, **training):
        run = load_run(
            {
                "datasets": ["d"],
                "variants": [{"name": "v", "loss": "bce", "training": training}],
                "training": shared,
            }
        )
        files = {"positive": "p.fasta", "negative": "n.fasta"}
        return given_training(run, Dataset(train=files), run.variants[0])

    windows = {"features": ["tokens"], "augmentation": {"mask": 0.1}, "epochs": 5}
    assert given(windows, model="gradient_boosting") == {
        "model": "gradient_boosting", "epochs": 5,
    }  # fmt: skip
    assert given(windows, model="convolutional")["features"] == ["tokens"]
    assert given(windows, seeds=2) == {**windows, "seeds": 2}
    vectors = {"features": ["aac", "dpc"]}
    assert given(vectors, model="gradient_boosting")["features"] == ["aac", "dpc"]
    assert given(vectors, model="convolutional") == {"model": "convolutional"}


def test_what_is_asked_is_what_is_given():
    def of(given, kind="windows"):
        return asked_of(given, resolved(given, kind, "x"))

    assert of({}) == of({"batch_size": 128, "boosting": {"l2": 1.0}}) == {}
    # A setting that some kind has a default of its own for counts whenever it is given.
    usual = BY_KIND["windows"]["convolutional"]["epochs"]
    assert of({"epochs": usual}) == {"epochs": usual}
    assert of({"epochs": 30}) == {"epochs": 30}
    assert of({"boosting": {"trees": 50}}) == {"boosting": {"trees": 50}}
    own = {"model": "my_networks:Gated", "network": {"width": 64}}
    assert of(own) == own
    assert {str(of({"dropout": 0.4}, kind)) for kind in KINDS} == {"{'dropout': 0.4}"}


def test_a_split_of_an_earlier_version_is_named_with_the_remedy():
    with pytest.raises(EvenfoldError, match="snakemake --forcerun split"):
        resolved({}, None, "x")
