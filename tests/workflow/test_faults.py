"""Full disks, kills and files that are cut off, in every rule: nothing lost.

Each job of a finished run is run again in a copy of the folder, with a fault, and then as
the next `snakemake` would run it: its outputs are those of the run without faults, so
that `metrics.tsv` is the same, or it ends in a sentence that names the file and what to do.
"""

import errno
import os
import re
import shutil
import signal

import pytest

from evenfold.verifying import verify
from tests.faults.jobs import AGAIN, RULES, Workshop, finished

pytestmark = pytest.mark.whole
#: Every write, every signal, every cut: some hours, so CI takes a sample of all rules.
EVERYTHING = os.environ.get("EVENFOLD_FAULTS") == "1"


every_rule = pytest.mark.parametrize("rule", RULES)


@pytest.fixture(scope="module")
def workshop(once, tmp_path_factory):
    workshop = Workshop(once("faulty", finished), tmp_path_factory.mktemp("faults"))
    yield workshop
    workshop.close()


#: Rules of which one run takes seconds: a single write of each, unless all are asked for.
SLOW = {"learning_curve", "sanity_controls", "init_tracking", "track"}
#: So many writes of a rule at most; MLflow makes its database with thousands of its own.
MOST = 150


def sampled(rule, writes, most):
    """Numbers of writes: every one, or some spread over them."""
    if EVERYTHING:
        most = MOST
    most = min(1 if rule in SLOW and not EVERYTHING else most, writes)
    return sorted({1 + int((i + 0.5) * writes / most) for i in range(most)})


def speaks_true(ended, *words):
    """One sentence, no traceback, and no word of a defect."""
    assert "Traceback" not in ended.said, ended.said[-3000:]
    assert "defect" not in ended.said, ended.said[-3000:]
    assert ended.said.count("Error: ") == 1, ended.said[-3000:]
    for word in words:
        assert re.search(word, ended.said), (word, ended.said[-3000:])


def test_the_rules_are_those_of_the_workflow(workshop):
    assert set(workshop.jobs) == set(RULES)


@every_rule
def test_a_disk_that_fills_at_any_write(workshop, rule):
    job = workshop.jobs[rule]
    whole, _ = workshop.whole(job)
    for number in sampled(rule, whole.writes, 2):
        folder = workshop.before(job)
        ended = workshop.run(job, folder, number, errno.ENOSPC)
        if ended.code:
            speaks_true(ended, "disk (of the ledger )?is full", "Free some space")
            workshop.cleaned(job, folder)
            ended = workshop.run(job, folder)
        assert ended.code == 0, (number, ended.said)
        assert not workshop.other(job, folder), number
        assert not left_over(folder), number
        shutil.rmtree(folder)


@every_rule
@pytest.mark.parametrize(
    "how",
    [signal.SIGKILL, *([signal.SIGTERM, signal.SIGINT] if EVERYTHING else [])],
)
def test_a_process_that_is_stopped_at_any_write(workshop, rule, how):
    job = workshop.jobs[rule]
    whole, _ = workshop.whole(job)
    for number in sampled(rule, whole.writes, 1):
        folder = workshop.before(job)
        ended = workshop.run(job, folder, number, -how)
        assert "Traceback" not in ended.said, ended.said[-3000:]
        if ended.code:
            workshop.cleaned(job, folder)
            ended = workshop.run(job, folder)
        assert ended.code == 0, (number, ended.said)
        assert not workshop.other(job, folder), number
        shutil.rmtree(folder)


def left_over(folder):
    """Temporary files beside the results."""
    return [str(p) for p in (folder / "results").rglob(".*.????????") if p.is_file()]


def cuts(path):
    """Sizes that a file is cut to."""
    size = path.stat().st_size
    every = sorted({0, 1, size // 3, size // 2, size - 1} - {size})
    return every if EVERYTHING else [size // 2]


def shards(names):
    """Files, whichever shard they are of."""
    return {re.sub(r"/\d{4}-of-", "/N-of-", name) for name in names}


@every_rule
def test_a_file_that_is_cut_off_before_a_rule_reads_it(workshop, rule):
    """It is named with the command that makes it again, or the outputs are the same."""
    job = workshop.jobs[rule]
    for name in dict.fromkeys(job.inputs):
        # A user's own files are as they are.
        if not name.startswith(("results/", "resources/")):
            continue
        for size in cuts(workshop.finished / name):
            folder = workshop.before(job)
            with open(folder / name, "r+b") as file:
                file.truncate(size)
            ended = workshop.run(job, folder)
            if ended.code == 0:
                assert not workshop.other(job, folder), (name, size)
            else:
                speaks_true(ended, re.escape(name))
                found = AGAIN.search(ended.said)
                assert found and found[2] == name, (size, ended.said)
                others = {"results/tiny/bce/", "results/tiny/focal/"}
                same = [name.replace(x, y) for x in others for y in others]
                # Of a rule with several jobs one stands for all: of which shard it is.
                made = workshop.jobs[found[1]].outputs
                assert shards({name, *same}) & shards(made), found[0]
            shutil.rmtree(folder)


def test_verify_tells_of_a_look_that_was_begun(workshop):
    job = workshop.jobs["evaluate"]
    folder = workshop.before(job)
    shutil.copytree(
        workshop.finished / "resources" / "ledger", folder / "resources" / "ledger"
    )
    (folder / "results/tiny/mlflow.json").unlink()
    for path in (folder / "resources" / "ledger").glob("*.done.json"):
        path.unlink()
    unsure = [x.what for x in verify(folder / "results" / "tiny") if x.holds is None]
    (told,) = (what for what in unsure if "intent.json" in what)
    assert "look-000001.intent.json: a look at the test set was" in told
    assert told.endswith("run snakemake again, which goes on with it")
