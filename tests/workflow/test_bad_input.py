"""Bad input through Snakemake: a clear error, the remedy, and no traceback."""

import gzip
import os
import random

import pytest
import yaml
from snakemake.settings.types import SharedFSUsage

from tests.conftest import SMALL


def fasta(letter, seed, n=30):
    """Unrelated made-up peptides of one length."""
    generator = random.Random(seed)
    return "".join(
        f">{letter}{i}|X\n{''.join(generator.choices('ACDEFGHIKLMNPQRSTVWY', k=16))}\n"
        for i in range(n)
    )


POSITIVE, NEGATIVE = fasta("p", 1), fasta("n", 2)
DATASET = "train: {positive: pos.fasta, negative: neg.fasta}\n"
COMPOSITION = "training: {model: feedforward, features: [aac]}\n"


@pytest.fixture
def mine(project):
    """A data set `mine` of two small FASTA files."""
    project.write("config/config.yaml", SMALL.replace("[demo]", "[mine]"))
    project.write("config/datasets/mine.yaml", DATASET + COMPOSITION)
    project.write("pos.fasta", POSITIVE)
    project.write("neg.fasta", NEGATIVE)
    return project


def fails(project, *words, arguments=("results/mine/selection.json",)):
    done = project.snakemake(*arguments, check=False)
    assert done.returncode, "it should have failed"
    for word in words:
        assert word in done.text, done.text[-3000:]
    assert "Traceback" not in done.text, done.text[-3000:]
    return done.text


def test_a_missing_file(mine):
    (mine.folder / "pos.fasta").unlink()
    fails(mine, "mine.yaml", "pos.fasta does not exist")


def test_an_empty_fasta(mine):
    mine.write("pos.fasta", "")
    fails(mine, "pos.fasta: no sequences")


def test_nucleotides(mine):
    mine.write("pos.fasta", ">a\n" + "ATGGCCTTA" * 20 + "\n")
    told = fails(mine, "pos.fasta", "nucleotides", "Translate")
    # The terminal ends with the sentence and what to do; Snakemake's own lines about
    # it are in its log file alone.
    assert "clean stopped, results/mine/logs/clean.log\n" in told
    *_, sentence, _, after = told.rstrip().splitlines()
    assert (
        sentence.startswith("results/mine/logs/clean.log: ") and "Translate" in sentence
    )
    assert after.startswith("The same command goes on from here")
    for own in (
        "CalledProcessError",
        "Error in rule",
        "At least one job",
        "Select jobs",
    ):
        assert own not in told
    (log,) = (mine.folder / ".snakemake/log").glob("*.log")
    assert "Error in rule clean" in log.read_text()


def test_an_unlabelled_record(mine):
    mine.write("all.fasta", ">a|1\nMKV\n>b\nMKA\n")
    mine.write(
        "config/datasets/mine.yaml",
        "train: {labelled: all.fasta}\nlabel_pattern: '\\|([01])$'\n" + COMPOSITION,
    )
    fails(mine, "all.fasta record 2", "no label", "label_pattern")


def test_a_single_class(mine):
    mine.write("all.tsv", "id\tsequence\tlabel\na\tMKV\t1\nb\tMKA\t1\n")
    mine.write(
        "config/datasets/mine.yaml", "train: {labelled: all.tsv}\n" + COMPOSITION
    )
    fails(mine, "every sequence (2) is positive", "both classes")


def test_too_few_positives_for_the_folds(mine):
    mine.write("pos.fasta", ">a\nMKVLWACDEF\n>b\nWWYYFFHHKK\n")
    fails(mine, "2 positive sequences", "folds: 2")


def test_windows_of_unequal_length(mine):
    mine.write("pos.fasta", POSITIVE + ">longer\nMKVLAAGIACDEFGHIKLMN\n")
    mine.write(
        "config/datasets/mine.yaml",
        DATASET + "training: {model: feedforward, features: [onehot]}\n",
    )
    fails(mine, "needs windows of one length")


def test_a_home_that_cannot_be_written_is_not_needed(mine):
    homes = {"HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache"}
    done = mine.snakemake("results/mine/clean/sequences.parquet", **homes)
    assert "Traceback" not in done.text and "Error" not in done.text
    profile = yaml.safe_load(mine.read("profiles/default/profile.yaml"))
    assert set(profile["shared-fs-usage"]) == set(SharedFSUsage.choices()) - {
        "source-cache",
        "none",
    }


def test_a_file_from_the_future(mine):
    """Snakemake removes what is made of it."""
    os.utime(mine.folder / "pos.fasta", (1893456000, 1893456000))
    fails(mine, "pos.fasta is dated", "still to come", "touch pos.fasta")


def test_an_unknown_key_names_the_nearest(mine):
    mine.write("config/config.yaml", SMALL.replace("epochs", "epoch"))
    fails(mine, "unknown key 'epoch'", "Did you mean 'epochs'")


def test_an_unknown_loss(mine):
    mine.write("config/config.yaml", SMALL.replace("focal", "focall"))
    fails(mine, "'focall'", "Did you mean 'focal'")


def test_variants_as_a_mapping(mine):
    mine.write("second.yaml", "variants:\n  bce: {loss: bce}\n")
    fails(
        mine,
        "`variants` is a mapping",
        "stay behind",
        arguments=("--configfile", "second.yaml", "-n"),
    )


def test_a_second_configfile_leaves_no_variant_of_the_first_behind(mine):
    mine.write("second.yaml", "variants: [bce]\n")
    text = mine.snakemake("--configfile", "second.yaml", "-n").text
    assert "focal" not in text and "Training bce on mine" in text


def test_a_path_as_data_set_name(mine):
    mine.write("config/config.yaml", SMALL.replace("[demo]", "[data/mine.fasta]"))
    fails(mine, "'data/mine.fasta' is not a name", "config/datasets/<name>.yaml")


def test_an_unknown_data_set(mine):
    mine.write("config/config.yaml", SMALL.replace("[demo]", "[minne]"))
    fails(mine, "'minne'", "Did you mean 'mine'")


def test_a_damaged_gzip(mine):
    (mine.folder / "pos.fasta").write_bytes(gzip.compress(POSITIVE.encode())[:-15])
    fails(mine, "pos.fasta", "cut off or damaged")


def test_a_wrong_checksum_leaves_nothing(mine):
    mine.write("m/o/r/pos.fasta", POSITIVE)
    mine.write(
        "config/datasets/mine.yaml",
        "train:\n  positive: {url: 'https://example.org/o/r/pos.fasta', sha256: '"
        + "0" * 64
        + "'}\n  negative: neg.fasta\n"
        + COMPOSITION,
    )
    fails(mine, "wrong checksum", "expected sha256 0000",
          arguments=("--config", "mirror=m", "--", "results/mine/selection.json"))  # fmt: skip
    data = mine.folder / "resources/data/mine"
    assert not data.exists() or list(data.iterdir()) == []
    fails(mine, "cannot be fetched", "mirror",
          arguments=("--config", "mirror=none", "--", "results/mine/selection.json"))  # fmt: skip


def test_a_device_that_is_not_there(explored):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    fails(
        explored,
        "finds no CUDA device",
        "device: auto",
        arguments=("--config", "device=cuda", "--", "results/demo/selection.json"),
    )


@pytest.mark.whole
def test_hostile_headers_are_text_in_the_report(mine):
    """A header with markup: escaped in HTML, never a path."""
    evil = ">../../evil<script>alert(1)</script>\nMKVLAAGIKLLDWHHHH\n"
    mine.write("pos.fasta", POSITIVE + evil)
    mine.write(
        "config/config.yaml", mine.read("config/config.yaml").replace(", focal", "")
    )
    mine.snakemake("results/mine/exploration.html")
    assert "<script>alert" not in mine.page("results/mine/exploration.html")


def test_predict_without_a_fasta_says_how(mine):
    fails(
        mine, "snakemake --config predict=new.fasta -- predict", arguments=("predict",)
    )


def test_a_broken_data_set_does_not_stop_the_others(mine):
    mine.write("config/config.yaml", SMALL.replace("[demo]", "[gone, empty, mine]"))
    mine.write("config/datasets/gone.yaml", DATASET.replace("pos.", "gone."))
    mine.write("config/datasets/empty.yaml", DATASET.replace("pos.", "empty."))
    mine.write("empty.fasta", "")
    wanted = [f"results/{name}/clean/counts.json" for name in ("empty", "mine")]
    fails(mine, "gone.fasta does not exist", "The data set gone is left out",
          "clean.log: empty.fasta: no sequences", arguments=wanted)  # fmt: skip
    assert (mine.folder / wanted[1]).is_file()
    # Alone it can be done, and the run still says that it did less than was asked.
    fails(mine, "left out, for the errors above: gone", arguments=(*wanted[1:], "-F"))
