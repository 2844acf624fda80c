import json
import math
import tomllib

import pytest
import yaml
from pydantic import ValidationError

from evenfold.cli import command_line
from evenfold.config.checking import nearest
from evenfold.config.cleaning import Cleaning
from evenfold.config.dataset import Dataset
from evenfold.config.decides import Decides
from evenfold.config.kinds import KINDS
from evenfold.config.loading import load_dataset, load_run, resolve_training
from evenfold.config.losses import LOSSES
from evenfold.config.plan import Plan
from evenfold.config.run import Run
from evenfold.config.split import Split
from evenfold.config.training import Training
from evenfold.config.yaml_files import check_keys_once
from evenfold.documentation.badges import badges_of
from evenfold.documentation.commands import commands_page
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
        (
            {
                "variants": [
                    {
                        "name": "a",
                        "loss": {"name": "wbce", "mode": "cost_ratio", "fn_weight": 3},
                    }
                ]
            },
            [
                "variants.0.loss.mode",
                "`cost_ratio`",
                "Leave `mode` out and keep `fn_weight`",
            ],
        ),
        ({"variants": [{"name": "a", "los": "bce"}]}, ["a"]),
        ({"variants": [{"name": "a", "loss": ["focal"]}]}, ["['focal']", "not exist"]),
        (
            {"variants": [{"name": "a", "loss": {"name": ["x"]}}]},
            ["['x']", "not exist"],
        ),
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


@pytest.mark.parametrize(
    "change, words",
    [
        (
            {"training": {"epochs": True}},
            ["epochs: yes, no, true and false are no num"],
        ),
        (
            {"training": {"hidden": [True, 4]}},
            ["hidden: yes, no, true and false are no"],
        ),
        ({"seed": False}, ["seed: yes, no, true and false are no numbers"]),
        ({"cleaning": None}, ["cleaning: expected keys and values; leave the key out"]),
        ({"tracking": False}, ["tracking: expected keys and values (found False)"]),
        ({"datasets": None}, ["datasets: expected a list; leave the key out where"]),
        (
            {"predict": 7},
            ["predict: expected a text; what looks like a number, or yes"],
        ),
        (
            {"variants": [{"name": "a b", "loss": "bce"}]},
            ["a name is of the letters a to z, digits, - and _", "(found 'a b')"],
        ),
    ],
)
def test_a_value_of_another_kind_is_told_in_plain_words(change, words, tmp_path):
    write_dataset(tmp_path, "demo")
    with pytest.raises(EvenfoldError) as error:
        run = load_run(GOOD | change)
        entry = load_dataset("demo", run, tmp_path)
        resolve_training(run, entry, run.variants[0], KINDS[0])
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"sites": {"residues": "k"}}, "one-letter codes of residues in capitals"),
        (
            {"train": {"positive": {"url": "https://x/a.fa", "sha256": "a"},
                       "negative": "n.fasta"}},
            "expected the 64 digits, 0 to 9 and a to f",
        ),
        ({"cleaning": {"min_length": 9, "max_length": 8}}, "max_length 8 is below min_length 9"),
        ({"train": {"labelled": "a.txt"}}, "or set `form: table` if it is one"),
        ({"train": {"positive": "a.json", "negative": "n.fa"}}, "as FASTA or CSV"),
        ({"train": {"positive": "a.gb", "negative": "n.fa"}}, "Convert it to FASTA"),
        ({"train": {"positive": "a.h5", "negative": "n.fa"}}, "It holds numbers"),
        ({"train": {"positive": "a.rds", "negative": "n.fa"}}, "as CSV or Parquet"),
    ],
)  # fmt: skip
def test_what_a_data_set_cannot_have_names_what_it_can(tmp_path, keys, words):
    write_dataset(tmp_path, **keys)
    with pytest.raises(EvenfoldError) as error:
        load_dataset("mine", load_run(GOOD), tmp_path)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "path, told",
    [
        (
            "https://example.org/a.fasta",
            "{url: ..., sha256: ...}, with an address of htt",
        ),
        ("s3://bucket/a.fasta", "{url: ..., sha256: ...}, with an address of https"),
        ("~/a.fasta", "~ and variables are no paths here: write the folder out"),
        ("$HOME/a.fasta", "~ and variables are no paths here: write the folder out"),
        ("data/*.fasta", "list the files, as in [a.fasta, b.fasta]"),
        ("a.fasta", "Paths are relative to the folder snakemake is run in"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_what_may_be_meant(tmp_path, path, told):
    write_dataset(tmp_path, train={"positive": path, "negative": "n.fasta"})
    with pytest.raises(EvenfoldError) as error:
        Plan({**GOOD, "datasets": ["mine"]}, tmp_path)
    assert "does not exist." in str(error.value) and told in str(error.value)


@pytest.mark.parametrize(
    "word, known, meant",
    [
        ("epoch", Training.model_fields, "epochs"),
        ("learningrate", Training.model_fields, "learning_rate"),
        ("Learning-Rate", Training.model_fields, "learning_rate"),
        ("batchsize", Training.model_fields, "batch_size"),
        ("n_folds", Split.model_fields, "folds"),
        ("treshold", ["criterion", "threshold"], "threshold"),
        ("bec", LOSSES, "bce"),
        ("Focal", LOSSES, "focal"),
    ],
)
def test_a_slip_is_answered_with_the_word_that_was_meant(word, known, meant):
    assert nearest(word, known) == f" Did you mean {meant!r}?"


@pytest.mark.parametrize(
    "word",
    ["nonsense", "threshold", "optimizer", "asked", "folder", "pseudo", "x", "", "12"],
)
@pytest.mark.parametrize("known", [Run.model_fields, Dataset.model_fields, LOSSES])
def test_a_word_of_nothing_alike_is_answered_with_no_other(word, known):
    assert not nearest(word, known)


@pytest.mark.parametrize(
    "known", [Run.model_fields, Dataset.model_fields, Training.model_fields, LOSSES]
)
def test_a_letter_too_few_too_many_or_swapped_is_a_slip(known):
    for word in (word for word in known if len(word) > 2):
        for i in range(len(word)):
            slips = {
                word[:i] + word[i + 1 :],
                word[:i] + word[i] * 2 + word[i + 1 :],
                word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :],
            }
            assert all(nearest(slip, known) for slip in slips), word


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
        run, load_dataset("mine", run, tmp_path), run.variants[0], "proteins"
    )
    assert (training.epochs, training.dropout, training.batch_size) == (3, 0.2, 32)
    assert training.weight_decay == 0.01


def test_network_and_features_must_fit(tmp_path):
    write_dataset(tmp_path)
    run = load_run(
        {**GOOD, "training": {"model": "convolutional", "features": ["aac"]}}
    )
    with pytest.raises(EvenfoldError, match="tokens"):
        resolve_training(
            run, load_dataset("mine", run, tmp_path), run.variants[0], "windows"
        )


def test_every_loss_of_the_configuration_can_be_built():
    import torch

    from evenfold.losses import LOSSES as REGISTRY
    from evenfold.losses import build_loss

    assert set(REGISTRY) == set(LOSSES)
    for settings in LOSSES.values():
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
    assert (ROOT / "docs/commands.md").read_text() == commands_page(command_line())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, text in badges_of(project).items():
        assert (ROOT / f"docs/badges/{name}.svg").read_text() == text
        assert f"](docs/badges/{name}.svg)" in (ROOT / "README.md").read_text()


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


@pytest.mark.parametrize("folder", ["", "  "])
def test_a_ledger_without_a_name_is_refused(folder):
    with pytest.raises(EvenfoldError, match="ledger: a path is empty"):
        load_run({**GOOD, "ledger": folder})


@pytest.mark.parametrize(
    "folder, why",
    [
        (".", "the project itself"), ("./", "the project itself"),
        ("..", "the project itself"), ("/", "the project itself"),
        ("resources/..", "the project itself"), ("{here}", "the project itself"),
        ("results", "results/ is for other things, and may be deleted"),
        ("results/demo/ledger", "results/ is for other things"),
        ("./results/", "results/ is for other things"),
        ("{here}/results/ledger", "results/ is for other things"),
        ("resources", "resources/ has other things"),
        (".snakemake/ledger", "may be deleted"), ("config", "config/ is for other"),
        ("~/ledger", "~ is not read as your home folder"),
    ],
)  # fmt: skip
def test_a_ledger_needs_a_folder_of_its_own(tmp_path, monkeypatch, folder, why):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EvenfoldError) as error:
        load_run({**GOOD, "ledger": folder.format(here=tmp_path)})
    told = str(error.value)
    assert "ledger: the ledger needs a folder of its own, outside results/" in told
    assert why in told and "`ledger: resources/ledger`" in told


@pytest.mark.parametrize(
    "folder", ["resources/ledger", "ledger", "../shared/ledger", "/shared/evenfold-ledger",
               "results2", "{here}/resources/mine"],
)  # fmt: skip
def test_a_ledger_may_lie_anywhere_else(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    folder = folder.format(here=tmp_path)
    assert load_run({**GOOD, "ledger": folder}).ledger == folder
    assert list(tmp_path.iterdir()) == []


def test_the_criteria_of_the_configuration_are_those_of_the_sweep():
    from evenfold.config.criteria import CRITERIA, words
    from evenfold.config.selection import SelectionSettings
    from evenfold.selection.criteria import UTILITIES

    fields = SelectionSettings.model_fields
    assert set(UTILITIES) == set(CRITERIA)
    for name in CRITERIA:
        assert SelectionSettings(criterion=name).criterion == name
        assert f"`{name}`: {words(name)}" in fields["criterion"].description
    with pytest.raises(ValidationError, match=r"'sn_eq_sp', 'youden'.* or 'sp_at_sn'"):
        SelectionSettings(criterion="sn_eq_sn")


def test_the_networks_of_the_configuration_are_those_that_can_be_trained():
    from evenfold.config.networks import CLASSICAL, NETWORKS
    from evenfold.config.training import Training
    from evenfold.models.classical import FITS
    from evenfold.models.networks import KINDS

    # What the classical models leave is a network that is never trained itself.
    assert set(NETWORKS) == (set(KINDS) - {"linear", "trees"}) | set(FITS)
    assert set(CLASSICAL) == set(FITS)
    description = Training.model_fields["model"].description
    for name, network in NETWORKS.items():
        features = ["aac"] if network.reads == "vector" else [network.reads]
        assert Training(model=name, features=features).model == name
        assert f"`{name}`: {network.what}" in description
        for other in {"aac", "tokens", "residues"} - set(features):
            with pytest.raises(ValidationError, match=name):
                Training(model=name, features=[other])
    with pytest.raises(ValidationError, match=r"'feedforward', .*import path"):
        Training(model="feedforwards")


def test_the_forms_of_the_configuration_are_those_that_can_be_read():
    from evenfold.config.forms import FORMS, form_of
    from evenfold.config.reading import Reading
    from evenfold.sequences.reading import READERS

    assert set(READERS) == set(FORMS)
    for name, form in FORMS.items():
        assert Reading(form=name).form == name
        for suffix in form.suffixes:
            assert form_of(f"a{suffix}") == form_of(f"a{suffix}.gz") == name
    with pytest.raises(EvenfoldError, match="`form:` to fasta, lines or table"):
        form_of("a.doc")


def test_what_decides_is_read_as_it_was_written(tmp_path):
    for name in ("p.fasta", "n.fasta"):
        (tmp_path / name).touch()
    files = {
        role: {"proteins": str(tmp_path / "p.fasta")} for role in ("train", "test")
    }
    write_dataset(tmp_path, **files, sites={"residues": "K"}, source_pattern="^([^|]+)")
    variants = [
        *({"name": name, "loss": name} for name in LOSSES),
        {"name": "own", "loss": {"name": "json:JSONDecoder", "rate": 3}},
    ]
    plan = Plan({"datasets": ["mine"], "variants": variants}, tmp_path)
    written = json.loads(json.dumps(plan.decides("mine")))
    assert written == plan.decides("mine")
    decides = Decides.resolved(written, "proteins")
    written = json.loads(json.dumps(decides.dump()))
    assert Decides.of(written) == decides
    assert decides.reading.sites.residues == "K"
    assert decides.reading.cleaning.gap == "keep"
    assert decides.variants["focal"].loss.gamma == 2.0
    assert decides.variants["own"].loss.rate == 3
    assert decides.variants["bce"].training.batch_size == 128
    for change, words in (
        ({"seeds": 1}, "selection.json: unknown key 'seeds'"),
        ({"reading": {**written["reading"], "shape": 1}}, "'shape'"),
        ({"seed": "many"}, "seed: "),
    ):
        with pytest.raises(EvenfoldError, match=words):
            Decides.of({**written, **change}, "selection.json")
    del written["split"]
    with pytest.raises(EvenfoldError, match="split: Field required"):
        Decides.of(written)


#: What is asked of the demo with one variant: a default that a later version adds to
#: these changes nothing, another value of one is another version of `SCHEMA`.
ASKED = {
    "reading": {},
    "grouping": {"short_identity": 0.5},
    "split": {},
    "seed": 1,
    "selection": {},
    "variants": {
        "bce": {
            "loss": {"name": "bce"},
            # The demo's own.
            "training": {"batch_size": 16, "epochs": 6, "min_per_class": 4},
        }
    },
    "order": ["bce"],
}


def test_what_is_asked_keeps_its_form():
    plan = Plan({"datasets": ["demo"], "variants": ["bce"]}, ROOT / "config/datasets")
    for kind in KINDS:
        decides = Decides.resolved(plan.decides("demo"), kind)
        assert decides.settings() == ASKED, "what was filled in was not asked"


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
        resolve_training(
            run, load_dataset("mine", run, tmp_path), run.variants[0], "windows"
        )


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


@pytest.mark.parametrize(
    "change, words",
    [
        ({"seed": 2**70}, "seed: the number 1180591620717411303424 cannot be"),
        ({"seed": 2**32}, "less than or equal to 4294967295"),
        ({"threads": "9" * 4000}, "threads: a number this large cannot be"),
        ({"seed": 10**5000}, "seed: a number this large cannot be"),
        ({"selection": {"fn_cost": math.inf}}, "selection: fn_cost: the number inf"),
        ({"selection": {"fn_cost": math.nan}}, "selection: fn_cost: the number nan"),
        (
            {
                "variants": [
                    {"name": "a", "loss": {"name": "cost", "fn_weight": math.inf}}
                ]
            },
            "fn_weight: the number inf cannot be",
        ),
        ({"training": {"learning_rate": 1e308}}, "learning_rate: the number 1e.308"),
        ({"datasets": ["a" * 300]}, "at most 100 characters"),
        ({"variants": [{"name": "a" * 300, "loss": "bce"}]}, "at most 100 characters"),
        ({"predict": "a" * 300}, "predict.*255 bytes a name"),
        ({"ledger": ""}, "ledger.*a path is empty"),
        ({"datasets": 5}, "datasets"),
        ({"variants": 5}, "variants"),
    ],
)
def test_values_that_nothing_can_be_are_refused(change, words):
    with pytest.raises(EvenfoldError, match=words):
        load_run({**GOOD, **change})


def test_one_data_set_or_variant_needs_no_list():
    run = load_run({"datasets": "demo", "variants": "bce"})
    assert run.datasets == ["demo"] and [v.name for v in run.variants] == ["bce"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("train: {positive: a.fa, negative: b.fa}\ncleaning: none\n", "cleaning: expect"),
        ("train: {positive: a.fa, negative: b.fa}\ngrouping: [1]\n", "grouping: expect"),
        ("train: {positive: a.fa, negative: b.fa}\ntraining: 3\n", "training: expect"),
        ("train: {positive: '', negative: b.fa}\n", "train.positive.*path is empty"),
        ("train: {positive: \"a\\0.fa\", negative: b.fa}\n", "null byte"),
        (f"train: {{positive: {'a' * 300}.fa, negative: b.fa}}\n", "255 bytes a name"),
        ("form: fasta\nform: lines\n", "line 2.*|the key 'form' stands twice"),
        ("sites: {residues: K, window: 5, window: 7}\n", "'window' stands twice"),
        ("cleaning: " + "[" * 3000 + "]" * 3000, "nested too deep"),
        ("cleaning: " + "[" * 80 + "]" * 80, "within each other"),
        ("train: {proteins: a.fa}\nsites: {residues: K, negatives_per_positive: 1e308}\n",
         "negatives_per_positive: the number 1e.308 cannot be"),
        ("train: {proteins: a.fa}\nsites: {residues: K, negatives_per_positive: 1.0e+308}\n",
         "negatives_per_positive: the number 1e.308 cannot be"),
        ("sites: {residues: K, negatives_per_positive: .inf}\n", "inf cannot be"),
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
         "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
         "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n", "100000 v"),
        ("a: &a [*a]\n", "within each other"),
        ("description: 2020-13-45\n", "not valid YAML"),
        ("- 1\n", "expected keys and values"),
        ("train:\n\tpositive: p.fasta\n", "a tab in line 2: write spaces in its place"),
        ("train:\u00a0{positive: p.fa, negative: n.fa}\n",
         r"the blank '\\xa0' in line 1: write spaces"),
        ("train: p.fasta\n", r"train: expected files by what is in them: \{positive: pos"),
        ("train: {positive: p.fasta, negative: no}\n",
         r"train.negative.0: expected the path of a file, in quotes .* \(found False\)"),
        ("train: {proteins: p.fasta}\nsites: {residues: [S, T]}\n",
         r"sites.residues: expected one text \(found \['S', 'T'\]\)"),
    ],
)  # fmt: skip
def test_a_data_sets_file_that_cannot_be_read_says_why(tmp_path, text, words):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(EvenfoldError, match=words) as error:
        load_dataset("mine", load_run(GOOD), tmp_path)
    assert "mine.yaml" in str(error.value)


def test_a_data_sets_file_in_latin_1_names_its_line(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"form: fasta\ndescription: M\xfcller\n")
    told = (
        r"not in UTF-8 \(line 2\).*iconv -f latin1 -t utf-8 .*mine.yaml > .*_utf8.yaml`"
    )
    with pytest.raises(EvenfoldError, match=told):
        load_dataset("mine", load_run(GOOD), tmp_path)


def test_a_key_that_stands_twice_is_found_in_the_runs_files_too(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("variants: [bce]\nseed: 1\nvariants: [focal]\n")
    with pytest.raises(EvenfoldError, match=r"(?s)'variants' stands twice.*line 3"):
        check_keys_once(path)
    path.write_text("not: [yaml")
    check_keys_once(path)


def test_the_recorded_configuration_has_nucleotides_only_where_it_was_set():
    assert "nucleotides" not in Cleaning().model_dump()
    assert Cleaning(nucleotides="keep").model_dump()["nucleotides"] == "keep"


def test_a_broken_data_set_is_left_out_and_the_others_go_on(tmp_path):
    (tmp_path / "a.fasta").touch()
    files = {key: str(tmp_path / "a.fasta") for key in ("positive", "negative")}
    write_dataset(tmp_path, train=files)
    write_dataset(tmp_path, "gone")
    write_dataset(tmp_path, "typo", train=files, seeed=1)
    plan = Plan({**GOOD, "datasets": ["gone", "mine", "typo", "none"]}, tmp_path)
    assert list(plan.datasets) == ["mine"] and not plan.published
    assert list(plan.left_out) == ["gone", "typo", "none"]
    assert "p.fasta does not exist" in str(plan.left_out["gone"])
    assert "unknown key 'seeed'" in str(plan.left_out["typo"])
    with pytest.raises(EvenfoldError, match=r"p\.fasta does not exist"):
        Plan({**GOOD, "datasets": ["gone", "typo"]}, tmp_path)


@pytest.mark.parametrize("path", ["-", "/dev/stdin", "."])
def test_what_is_no_file_is_named_as_such(tmp_path, path):
    write_dataset(tmp_path, train={"positive": path, "negative": path}, form="fasta")
    with pytest.raises(EvenfoldError, match="a folder, a pipe or a device"):
        Plan({**GOOD, "datasets": ["mine"]}, tmp_path)


@pytest.mark.parametrize("raw", [{"predict": "{x}.fasta"}, {"mirror": "a}"}])
def test_a_path_with_braces_is_refused(raw):
    with pytest.raises(EvenfoldError, match="Snakemake looks for wildcards; rename"):
        load_run({**GOOD, **raw})


@pytest.mark.parametrize("model", [["a"], {"a": 1}, 5, True])
@pytest.mark.parametrize("place", ["dataset", "run", "variant", "grid"])
def test_a_model_that_is_no_name_is_refused(tmp_path, model, place):
    training = {"model": model}
    given = {
        "dataset": {"datasets": ["mine"]},
        "run": {"training": training},
        "variant": {"variants": [{"name": "a", "loss": "bce", "training": training}]},
        "grid": {
            "variants": [{"name": "a", "loss": "bce", "grid": {"model": [model]}}]
        },
    }[place]
    write_dataset(tmp_path, training=training)
    with pytest.raises(EvenfoldError, match="model: expected a name, found"):
        run = load_run({**GOOD, **given})
        load_dataset("mine", run, tmp_path)


def test_a_variant_is_trained_again_by_settings_that_its_model_reads_alone(tmp_path):
    (tmp_path / "p.fasta").write_text(">a\nACD\n")
    files = {"positive": f"{tmp_path}/p.fasta", "negative": f"{tmp_path}/p.fasta"}
    write_dataset(tmp_path, train=files, training={"dropout": 0.2})
    boosting = {
        "name": "trees",
        "loss": "bce",
        "training": {"model": "gradient_boosting"},
    }
    shape = {"name": "filters", "loss": "bce", "training": {"model": "convolutional"}}

    def asked(**changes):
        run = {"datasets": ["mine"], "variants": ["bce", boosting, shape], **changes}
        plan = Plan(run, tmp_path)
        return {
            name: (plan.read_settings("mine", name), plan.device("mine", name),
                   plan.engine("mine", name))
            for name in plan.variants
        }  # fmt: skip

    first = asked()
    for changes, again in (
        ({"training": {"epochs": 3}}, {"bce", "filters"}),
        ({"training": {"boosting": {"trees": 7}}}, {"trees"}),
        ({"training": {"channels": 8}}, {"bce", "filters"}),  # By kind, it may read it.
        ({"training": {"hidden": [9, 9]}}, {"bce"}),
        ({"training": {"seeds": 2}}, {"bce", "trees", "filters"}),
        ({"engine": {"precision": "bfloat16"}}, {"bce", "filters"}),
        ({"device": "cpu"}, {"bce", "filters"}),
    ):
        now = asked(**changes)
        assert {name for name in now if now[name] != first[name]} == again, changes
    # What was asked is known by all that was given.
    plan = Plan({"datasets": ["mine"], "variants": [boosting],
                 "training": {"epochs": 3}}, tmp_path)  # fmt: skip
    assert plan.decides("mine")["variants"]["trees"]["training"]["epochs"] == 3


def test_a_year_needs_no_quotes(tmp_path):
    write_dataset(tmp_path, about={"year": 2026, "pmid": 12345678})
    about = load_dataset("mine", load_run(GOOD), tmp_path).about
    assert (about.year, about.pmid) == ("2026", "12345678")
