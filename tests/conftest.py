"""Shared by all tiers: real data beside the repository, and services that CI demands."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
import torch

from evenfold.alphabet import AMINO_ACIDS

# In CI the examples repeat, so that a submission is judged by what it changed.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = os.environ.get("EVENFOLD_REQUIRE_SERVICES") == "1"


def unavailable(what: str):
    """Skip on a laptop, fail where everything is meant to be there."""
    if REQUIRED:
        pytest.fail(f"{what} is missing, and EVENFOLD_REQUIRE_SERVICES=1")
    pytest.skip(f"{what} is missing")


def data_folder() -> Path:
    """Where the real benchmark data may be; EVENFOLD_DATA names another place."""
    return Path(os.environ.get("EVENFOLD_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real benchmark data."""
    folder = data_folder()
    if not (folder / "mirror").is_dir():
        unavailable(f"the real benchmark data ({folder})")
    return folder


class Project:
    """A working copy of the workflow in which Snakemake really runs."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("Snakefile", "workflow", "config", "profiles", "envs"):
            (folder / name).symlink_to(ROOT / name)
        # Data sets and demo files are the test's own to change.
        (folder / "config").unlink()
        (folder / "config" / "datasets").mkdir(parents=True)
        for path in (ROOT / "config").rglob("*.yaml"):
            target = folder / path.relative_to(ROOT)
            target.write_text(path.read_text())
        (folder / "resources").mkdir()
        (folder / "resources" / "demo").symlink_to(ROOT / "resources" / "demo")

    def write(self, path: str, text: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def snakemake(self, *arguments: str, check: bool = True, cores: int = 2, **env):
        """Run snakemake here; the result has `text`, both streams together."""
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **env},
            timeout=900,
        )
        done.text = done.stdout
        if check and done.returncode:
            pytest.fail(f"snakemake {' '.join(arguments)} failed:\n{done.text[-6000:]}")
        return done

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def module_project(tmp_path_factory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


#: A run small enough for many of them: two variants, three folds, two epochs.
SMALL = """
datasets: [demo]
variants: [bce, focal]
training: {epochs: 2, channels: 4, widths: [3], embedding: 8}
split: {folds: 3}
selection: {resamples: 200}
threads: 1
"""


def tiny_esm(folder: Path) -> Path:
    """A tiny ESM-2 with random weights, saved as transformers saves one."""
    transformers = pytest.importorskip("transformers", reason="needs evenfold[plm]")
    letters = ["<cls>", "<pad>", "<eos>", "<unk>", *AMINO_ACIDS, "X", "<mask>"]
    (folder / "vocab.txt").write_text("\n".join(letters))
    torch.manual_seed(0)
    transformers.EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.EsmConfig(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=2, pad_token_id=1,
        num_attention_heads=2, intermediate_size=20, position_embedding_type="rotary",
        mask_token_id=len(letters) - 1, token_dropout=False,
    )  # fmt: skip
    transformers.EsmModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
