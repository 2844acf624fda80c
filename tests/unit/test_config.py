import pytest
import yaml

from evenfold.config import load_dataset, load_run, resolve_training
from evenfold.config.model import LOSS_NAMES, LOSSES
from evenfold.config.plan import Plan
from evenfold.documentation.configuration import configuration_page, schemas
from evenfold.errors import EvenfoldError
from tests.conftest import ROOT

GOOD = {"datasets": ["demo"], "variants": ["bce"]}
DATASET = {"train": {"positive": "p.fasta", "negative": "n.fasta"}}


def write_dataset(folder, name="mine", **keys):
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**DATASET, **keys}))
    return folder


@pytest.mark.parametrize(
    "change, words",
    [
        ({"seeed": 3}, ["unknown key 'seeed'", "'seed'"]),
        ({"selection": {"criterium": "x"}}, ["selection", "'criterion'"]),
        ({"training": {"epoch": 3}}, ["training", "'epochs'"]),
        ({"training": {"early_stopping": {"patients": 1}}}, ["'patience'"]),
        ({"cleaning": {"gaps": "keep"}}, ["cleaning", "'gap'"]),
        ({"variants": ["bcee"]}, ["'bcee'", "Did you mean 'bce'", "snsp"]),
        ({"variants": [{"name": "a", "loss": "focl"}]}, ["'focl'", "'focal'"]),
        (
            {"variants": [{"name": "a", "loss": {"name": "focal", "gama": 1}}]},
            ["'gama'", "'gamma'"],
        ),
        ({"variants": [{"name": "a", "los": "bce"}]}, ["a"]),
        ({"variants": {"bce": {}}}, ["`variants` is a mapping", "must be a list"]),
        ({"datasets": {"demo": {}}}, ["`datasets` is a mapping"]),
        ({"datasets": ["data/mine.fasta"]}, ["not a name", "config/datasets/<name>"]),
        ({"datasets": ["../demo"]}, ["not a name"]),
        ({"variants": ["bce", "bce"]}, ["bce is named more than once"]),
        ({"variants": []}, ["variants"]),
        ({"threads": 0}, ["threads", "0"]),
        ({"seed": "many"}, ["seed", "'many'"]),
    ],
)
def test_faults_in_the_run_name_the_key_and_the_remedy(change, words):
    with pytest.raises(EvenfoldError) as error:
        load_run({**GOOD, **change})
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"trian": {}}, ["'trian'", "'train'"]),
        ({"train": {"positive": "p.fasta"}}, ["both classes"]),
        ({"train": {"labelled": "a.fasta"}}, ["label_pattern"]),
        ({"train": {"labelled": "a.txt"}}, ["one sequence a line"]),
        ({"train": {"labelled": "a.xyz"}}, ["form"]),
        ({"source_pattern": "("}, ["source_pattern"]),
        ({"source_pattern": "abc"}, ["exactly one group"]),
        (
            {
                "train": {"proteins": "p.fa"},
                "sites": {"residues": "K", "header_pattern": "("},
            },
            ["header_pattern", "unterminated"],
        ),
        ({"train": {"labelled": {"url": "http://x/a.tsv"}}}, ["sha256"]),
        ({"training": {"epoch": 1}}, ["'epochs'"]),
    ],
)
def test_faults_in_a_data_set_name_its_file(tmp_path, keys, words):
    write_dataset(tmp_path, **keys)
    with pytest.raises(EvenfoldError) as error:
        load_dataset("mine", load_run(GOOD), tmp_path)
    for word in [*words, "mine.yaml"]:
        assert word in str(error.value)


def test_an_unknown_data_set_names_the_nearest(tmp_path):
    write_dataset(tmp_path)
    with pytest.raises(EvenfoldError, match="Did you mean 'mine'"):
        load_dataset("mini", load_run(GOOD), tmp_path)


def test_a_missing_local_file_is_named(tmp_path):
    write_dataset(tmp_path)
    with pytest.raises(EvenfoldError, match=r"p\.fasta does not exist"):
        Plan({**GOOD, "datasets": ["mine"]}, tmp_path)


def test_training_is_merged_default_dataset_run_variant(tmp_path):
    write_dataset(tmp_path, training={"epochs": 7, "dropout": 0.1, "batch_size": 32})
    run = load_run(
        {
            **GOOD,
            "training": {"epochs": 5, "dropout": 0.2},
            "variants": [{"name": "a", "loss": "bce", "training": {"epochs": 3}}],
        }
    )
    training = resolve_training(
        run, load_dataset("mine", run, tmp_path), run.variants[0]
    )
    assert (training.epochs, training.dropout, training.batch_size) == (3, 0.2, 32)
    assert training.seeds == 1


def test_network_and_features_must_fit(tmp_path):
    write_dataset(tmp_path)
    run = load_run({**GOOD, "training": {"model": "convolutional"}})
    with pytest.raises(EvenfoldError, match="tokens"):
        resolve_training(run, load_dataset("mine", run, tmp_path), run.variants[0])


def test_every_loss_of_the_configuration_can_be_built():
    import torch

    from evenfold.losses import LOSSES as REGISTRY
    from evenfold.losses import build_loss

    assert set(REGISTRY) == set(LOSS_NAMES)
    for settings in LOSSES:
        keys = settings().model_dump(exclude={"warmup_epochs", "learning_rate_factor"})
        loss = build_loss(keys, torch.tensor([0.3, 0.4]))
        value = loss(torch.zeros(2, 5), torch.tensor([[0, 1, 0, 1, 1.0]] * 2))
        assert value.shape == (2,)


def test_the_generated_documentation_is_current():
    assert (ROOT / "config/README.md").read_text() == configuration_page(), (
        "run `evenfold docs`"
    )
    for name, text in schemas().items():
        assert (ROOT / "workflow/schemas" / name).read_text() == text


def test_what_decides_excludes_what_chooses_nothing():
    base = {"datasets": ["demo"], "variants": ["bce"]}

    def decides(**change):
        folder = ROOT / "config/datasets"
        return Plan({**base, **change}, folder).decides("demo")

    here = decides()
    neutral = {
        "threads": 1,
        "device": "cpu",
        "ledger": "elsewhere",
        "mirror": "x",
        "allow_look": [{"selection": "0123456789", "reason": "a good reason"}],
    }
    assert decides(**neutral) == here
    assert decides(seed=2) != here
    assert decides(training={"epochs": 3}) != here
    assert decides(variants=["bce", "focal"]) != here


def test_the_criteria_of_the_configuration_are_those_of_the_sweep():
    import typing

    from evenfold.config.model import Selection
    from evenfold.selection.criteria import CRITERIA
    from evenfold.selection.thresholds import DEFAULTS

    fields = Selection.model_fields
    assert set(typing.get_args(fields["criterion"].annotation)) == set(CRITERIA)
    assert {key: fields[key].default for key in DEFAULTS} == DEFAULTS


def test_a_vector_of_a_site_needs_whole_proteins(tmp_path):
    write_dataset(
        tmp_path,
        training={
            "features": ["embeddings"],
            "embeddings": {"model": "m", "pooling": "site"},
        },
    )
    run = load_run(GOOD)
    with pytest.raises(
        EvenfoldError, match="needs the whole proteins; give `proteins`"
    ):
        resolve_training(run, load_dataset("mine", run, tmp_path), run.variants[0])


def test_the_published_split_is_the_same_data_otherwise_cut(tmp_path):
    for name in ("p.fasta", "n.fasta"):
        (tmp_path / name).touch()
    files = {
        "positive": str(tmp_path / "p.fasta"),
        "negative": str(tmp_path / "n.fasta"),
    }
    write_dataset(tmp_path, train=files, test=files, split={"as_published": True})
    plan = Plan({**GOOD, "datasets": ["mine"]}, tmp_path)
    assert list(plan.published) == ["mine/published"]
    honest, other = plan.decides("mine"), plan.decides("mine/published")
    changed = {k for k in honest["split"] if honest["split"][k] != other["split"][k]}
    assert changed == {"train_test_homologs", "grouped_folds", "as_published"}
    assert {k for k in honest if honest[k] != other[k]} == {"split"}
    with pytest.raises(EvenfoldError, match="cannot be named 'published'"):
        named = [{"name": "published", "loss": "bce"}]
        Plan({**GOOD, "datasets": ["mine"], "variants": named}, tmp_path)


@pytest.mark.parametrize(
    "keys",
    [{}, {"test": {"labelled": "a.csv"}, "split": {"train_test_homologs": "keep"}}],
)
def test_a_comparison_needs_a_published_test_set_and_an_honest_split(tmp_path, keys):
    split = {"as_published": True, **keys.pop("split", {})}
    write_dataset(tmp_path, split=split, **keys)
    with pytest.raises(EvenfoldError, match="train_test_homologs: drop"):
        load_dataset("mine", load_run(GOOD), tmp_path)
