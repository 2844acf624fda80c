"""One small run, and its jobs run again one by one, with faults, without Snakemake."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.conftest import ROOT, Project, unavailable
from tests.faults.server import described

HERE = Path(__file__).parent
#: Every rule with a script.
RULES = (
    "fetch", "clean", "group", "split", "audit", "featurize", "train", "tune", "select",
    "explain", "source_proteins", "learning_curve", "sanity_controls", "sanity_verdict",
    "init_tracking", "evaluate", "report", "explore_report", "evidence", "summary", "track",
    "upload", "score_shard", "score_fasta",
)  # fmt: skip
#: What two runs of one job may write differently: times, random ids.
VARIES = {"evaluation.json", "mlflow.json", "looks.json"}
TARGETS = (
    "all", "explore", "sanity", "predict", "results/summary.html",
    "results/tiny/uploaded.txt",
)  # fmt: skip
CONFIG = """
datasets: [tiny]
variants: [bce, focal]
training: {epochs: 2, model: feedforward, features: [aac], hidden: [4, 4]}
split: {folds: 2}
selection: {resamples: 100}
learning_curve: true
mirror: mirror
predict: new.fasta
prediction: {shard_mb: 0.00008}
threads: 1
"""
DATASET = """
train:
  positive: {url: 'https://example.org/pos.fasta', sha256: SHA}
  negative: neg.fasta
test: {positive: tpos.fasta, negative: tneg.fasta}
source_pattern: '^([^|]+)\\|'
"""


def peptides(name, n, extra, seed):
    """Unrelated peptides, two a source, rich in some letters."""
    letters = "ACDEFGHIKLMNPQRSTVWY" + extra
    generator = random.Random(seed)
    return "".join(
        f">{name}{i}s{i // 2}|K{i}\n{''.join(generator.choices(letters, k=15))}\n"
        for i in range(n)
    )


def tiny(folder):
    """A project of sixty-four sequences, nothing run."""
    project = Project(folder)
    positive = peptides("p", 24, "KKRR", 1) + ">bad|K1\nMKB1\n"
    fetched = project.write("mirror/pos.fasta", positive)
    project.write("neg.fasta", peptides("n", 24, "DDEE", 2))
    project.write("tpos.fasta", peptides("tp", 8, "KKRR", 3))
    project.write("tneg.fasta", peptides("tn", 8, "DDEE", 4))
    project.write("new.fasta", peptides("x", 5, "KKRR", 5) + ">y\nMKB1\n")
    sha256 = hashlib.sha256(fetched.read_bytes()).hexdigest()
    project.write("config/datasets/tiny.yaml", DATASET.replace("SHA", sha256))
    project.write("config/config.yaml", CONFIG)
    return project


def finished(folder):
    """The same after a run of every rule, whose scripts Snakemake has left there."""
    kept = ("--notemp", "--skip-script-cleanup")
    tiny(folder).snakemake(*kept, *TARGETS, cores=1, OMP_NUM_THREADS="1")


@dataclass(frozen=True)
class Job:
    """A job of the small run."""

    script: Path
    rule: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def of(cls, script):
        told = described(script)
        return cls(
            script.resolve(), told.rule, tuple(map(str, told.input)),
            tuple(map(str, told.output)),
        )  # fmt: skip


def jobs_of(folder):
    """One job a rule, by name."""
    scripts = sorted((folder / ".snakemake" / "scripts").glob("*.py"))
    return {job.rule: job for job in map(Job.of, scripts)}


def removed(path):
    """Remove an output, a file or a folder of files, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def content(path):
    """What an output holds; of a folder what each of its files does."""
    if not path.is_dir():
        return path.read_bytes()
    return {one.name: one.read_bytes() for one in path.iterdir() if one.suffix}


@dataclass(frozen=True)
class Ended:
    """How a job ended: its exit code or minus a signal, what it said, writes so far."""

    code: int
    said: str
    writes: int


class Workshop:
    """Runs jobs of a finished project in copies of it.

    What ran before a job is there, its own outputs are not.
    """

    def __init__(self, finished: Path, folder: Path):
        self.finished, self.folder = finished, folder
        self.jobs = jobs_of(finished)
        self.made, self.wholes = 0, {}

    @cached_property
    def server(self):
        """The process whose forks run the jobs."""
        compiler = shutil.which("cc")
        if not compiler:
            unavailable("a C compiler")
        library = self.folder / "fails.so"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-o", library, HERE / "fails.c", "-ldl"],
            check=True,
        )
        found = {
            "LD_PRELOAD": str(library),
            "PYTHONPATH": f"{ROOT / 'workflow'}{os.pathsep}{ROOT}",
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **found},
        )  # fmt: skip

    def close(self):
        if "server" in self.__dict__:
            self.server.stdin.close()
            self.server.wait(60)

    def before(self, job):
        """A copy of the project as it is before a job."""
        self.made += 1
        folder = self.folder / f"{job.rule}-{self.made}"
        skipped = shutil.ignore_patterns(".snakemake")
        shutil.copytree(self.finished, folder, symlinks=True, ignore=skipped)
        for output in job.outputs:
            removed(folder / output)
        if job.rule == "evaluate":
            shutil.rmtree(folder / "resources" / "ledger")
        if job.rule in ("init_tracking", "track"):
            shutil.rmtree(folder / "results" / "mlflow")
        return folder

    def run(self, job, folder, at=0, how=0):
        """Run a job; at its write number `at` an error, or a signal below zero."""
        said = self.folder / "said"
        request = {
            "folder": str(folder), "script": str(job.script), "said": str(said),
            "at": at, "how": how,
        }  # fmt: skip
        print(json.dumps(request), file=self.server.stdin, flush=True)
        answer = json.loads(self.server.stdout.readline())
        text = said.read_text(encoding="utf-8", errors="replace")
        return Ended(answer["code"], text, answer["writes"])

    def cleaned(self, job, folder):
        """As Snakemake does when a job has failed: its outputs are removed."""
        for output in job.outputs:
            removed(folder / output)

    def whole(self, job):
        """The job without a fault, and what it left, by output."""
        if job.rule not in self.wholes:
            folder = self.before(job)
            ended = self.run(job, folder)
            assert ended.code == 0, ended.said
            left = {output: content(folder / output) for output in job.outputs}
            self.wholes[job.rule] = ended, left
        return self.wholes[job.rule]

    def other(self, job, folder):
        """Outputs of a job that are not as without a fault."""
        _, left = self.whole(job)
        return [
            output
            for output, wanted in left.items()
            if Path(output).name not in VARIES and content(folder / output) != wanted
        ]


#: A command that makes a file again, as sentences have it.
AGAIN = re.compile(r"snakemake --forcerun (\w+) -- (\S+?)`")
