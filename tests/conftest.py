"""Shared by all tiers: workers, samples, finished runs, real data, services."""

import fcntl
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Workers side by side have a core each. Before torch is imported: it reads this once.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest
import torch

from evenfold.alphabet import AMINO_ACIDS
from evenfold.machine import available_cpus, available_memory
from evenfold.sequences.simulate import Simulation, write_demo
from evenfold.tracking.places import address

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = os.environ.get("EVENFOLD_REQUIRE_SERVICES") == "1"
#: Everything, as in CI; otherwise what is slow by nature is sampled.
WHOLE = os.environ.get("EVENFOLD_WHOLE") == "1"


def examples(whole: int) -> int:
    """How many examples hypothesis makes of a property: so many, or a quarter.

    EVENFOLD_EXAMPLES is another number for all: a run of fuzzing.
    """
    usual = whole if WHOLE else whole // 4
    return int(os.environ.get("EVENFOLD_EXAMPLES", usual))


# In CI the examples repeat, so that a submission is judged by what it changed.
hypothesis.settings.register_profile(
    "evenfold",
    max_examples=examples(100),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("evenfold")


# --- workers and samples ------------------------------------------------------------


def pytest_xdist_auto_num_workers(config) -> int:
    """Test processes side by side: one a core, if each has three gigabytes."""
    return max(1, min(available_cpus(), available_memory() // 3_000_000_000))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Long tests first; of those marked `sampled` every n-th case, of `whole` none.

    A case that is named on the command line runs in any case.
    """
    items.sort(key=started)
    if WHOLE or any("::" in argument for argument in config.args):
        return
    left_out, seen = [], {}
    for item in items:
        if item.get_closest_marker("whole"):
            left_out.append(item)
        elif mark := item.get_closest_marker("sampled"):
            number = seen.setdefault(item.function, 0)
            seen[item.function] += 1
            if number % mark.args[0]:
                left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = len(left_out)


def started(item) -> int:
    """Rank of a test: a long one that comes last would run alone."""
    tiers = ("services", "workflow", "unit", "gpu")
    return tiers.index(item.path.relative_to(ROOT / "tests").parts[0])


def pytest_testnodedown(node, error):
    """A worker tells how many cases it left out, which xdist keeps to itself."""
    if left_out := getattr(node, "workeroutput", {}).get("left_out"):
        node.config.left_out = left_out


def pytest_terminal_summary(terminalreporter, config):
    if left_out := getattr(config, "left_out", 0):
        terminalreporter.write_line(
            f"{left_out} long cases were left out; EVENFOLD_WHOLE=1 runs all."
        )


# --- what a machine may lack ----------------------------------------------------------


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
        folder.mkdir(exist_ok=True, parents=True)
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

    @classmethod
    def small(cls, folder: Path, config: str | None = None) -> "Project":
        """A project whose demo has half of the windows, configured as SMALL."""
        project = cls(folder)
        demo = folder / "resources" / "demo"
        demo.unlink()
        write_demo(demo, Simulation(n_train=300, n_test=150))
        project.write("config/config.yaml", config or SMALL)
        return project

    def copy(self, folder: Path) -> "Project":
        """Another working copy, results and Snakemake's memory of them included."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Project.at(folder)

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The working copy that is already there."""
        project = object.__new__(cls)
        project.folder = folder
        return project

    def write(self, path: str, text: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def snakemake(
        self, *arguments: str, check: bool = True, cores: int | None = 2, **env
    ):
        """Run snakemake here; the result has `text`, both streams together.

        Without `cores` the arguments are all that it gets.
        """
        total = [] if cores is None else ["--cores", str(cores)]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *total, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Hundreds of jobs import the package: compiled once, whatever is usual here.
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **env},
            timeout=900,
        )
        done.text = done.stdout
        if check and done.returncode:
            pytest.fail(f"snakemake {' '.join(arguments)} failed:\n{done.text[-6000:]}")
        return done

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def page(self, path: str) -> str:
        """A page without the marks of words that are explained within a sentence."""
        return re.sub("</?abbr[^>]*>", "", self.read(path))

    def tracked(self, dataset: str = "demo") -> dict:
        """The record of the MLflow run, with the store's address as it is from here."""
        path = self.folder / "results" / dataset / "mlflow.json"
        record = json.loads(path.read_text())
        return record | {"uri": address(record["uri"], path)}


#: A run small enough for many of them: two variants, three folds, two epochs.
SMALL = """
datasets: [demo]
variants: [bce, focal]
training: {epochs: 2, channels: 4, widths: [3], embedding: 8}
split: {folds: 3}
selection: {resamples: 200}
threads: 1
"""
#: The same with one variant where tests are sampled: for what compares no variants.
ALONE = SMALL if WHOLE else SMALL.replace("[bce, focal]", "[bce]")


@pytest.fixture(autouse=True)
def threads_of_its_own():
    """What a test does to torch's threads ends with it: two at work are slower than one."""
    threads = torch.get_num_threads()
    yield
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def logger_as_it_was():
    """A job's log ends with the test that ran it."""
    log = logging.getLogger("evenfold")
    before = list(log.handlers), log.level, log.propagate
    yield
    log.handlers, log.propagate = before[0], before[2]
    log.setLevel(before[1])


@pytest.fixture
def project(tmp_path) -> Project:
    """The workflow with the whole demo, nothing run."""
    return Project(tmp_path)


@pytest.fixture
def small(tmp_path) -> Project:
    """The workflow with a small demo and configuration, nothing run."""
    return Project.small(tmp_path)


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`once(name, make)`: what `make(folder)` gives, by the first worker to ask for it.

    Returns the folder, which all workers share: nobody may change it.
    """

    def shared(name: str, make) -> Path:
        base = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            base = base.parent
        folder, made = base / name, base / f"{name}.made"
        with open(base / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                make(folder)
                made.touch()
        if not made.exists():
            pytest.fail(f"another test already failed to make the shared run {name!r}")
        return folder

    return shared


@pytest.fixture(scope="session")
def explored_once(once) -> Project:
    """A small run up to the frozen selection and the audit, before any look."""

    def make(folder):
        Project.small(folder).snakemake(
            "results/demo/selection.json", "results/demo/audit.json"
        )

    return Project.at(once("explored", make))


@pytest.fixture
def explored(explored_once, tmp_path) -> Project:
    """A copy of that run, to go on from."""
    return explored_once.copy(tmp_path)


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
