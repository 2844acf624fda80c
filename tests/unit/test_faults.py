"""Errors of the system and of libraries as sentences: the cause, the file, what to do."""

import errno
import fcntl
import gzip
import io
import os
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors import SafetensorError

from evenfold import cli, job
from evenfold.errors import EvenfoldError
from evenfold.faults import sentence, telling
from evenfold.files import hold, replacing, sha256_file, write_text
from evenfold.models.ensemble import Ensemble
from evenfold.models.members import Member
from evenfold.models.running import load_features
from evenfold.records.layout import FILES, remedy, rule_of
from evenfold.records.sequences import FeatureFacts
from evenfold.records.tables import OOF, read_rejected, write_rejected
from evenfold.records.weights import WeightsHeader
from tests.conftest import ROOT


def system(code, file=None):
    return OSError(code, os.strerror(code), *([file] if file else []))


@pytest.mark.parametrize(
    "error, cause, todo",
    [
        (system(errno.ENOSPC, "/d/a.npy"), "/d/a.npy: the disk is full", "Free some"),
        (system(errno.EDQUOT), "share of it used up", "Free some space"),
        (system(errno.EROFS, "/d"), "/d: the disk is mounted read-only", "Mount it"),
        (system(errno.EACCES, "/d/x"), "/d/x: you may not use it", "Make it readable"),
        (system(errno.EMFILE, "x"), "too many files are open", "ulimit -n"),
        (system(errno.EAGAIN), "no further process", "--cores"),
        (system(errno.EIO, "x"), "x: the disk or network folder does not answer", "See"),
        (system(errno.ENOENT, "x"), "x: there is no such file", "Put it there"),
        (system(errno.ENOTDIR, "x"), "a file has the name of a folder", "Move it"),
        (system(errno.ELOOP, "x"), f"x: the system refuses ({os.strerror(errno.ELOOP)})",
         "See to it"),
        (system(errno.EFBIG, "x"), "larger than the file system", "another disk"),
        (system(errno.ENOMEM), "the memory is used up", "memory_gb: ...}"),
        (MemoryError("9 GB"), "the memory is used up (MemoryError: 9 GB)", "--cores 1"),
        (pa.ArrowMemoryError("malloc of size 9 failed"), "the memory is used up", "less"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory", "less"),
        (torch.OutOfMemoryError("CUDA out of memory."), "the memory is used up", "less"),
        (RuntimeError("can't start new thread"), "no further process or thread", "ulimit"),
        (SafetensorError("I/O error: No space left on device (os error 28)"),
         "the disk is full", "Free some space"),
        (sqlite3.OperationalError("database is locked"), "in use by another", "Wait"),
        (sqlite3.OperationalError("database or disk is full"), "disk is full", "Free"),
        (sqlite3.OperationalError("attempt to write a readonly database"),
         "cannot be written", "writable"),
        (sqlite3.OperationalError("disk I/O error"), "does not answer", "See to it"),
        (sqlite3.DatabaseError("file is not a database"), "is damaged", "backup"),
        (EvenfoldError("told"), "told", ""),
    ],
)  # fmt: skip
def test_an_error_of_the_system_is_one_sentence(error, cause, todo):
    told = sentence(error, "go on")
    assert cause in told and todo in told
    assert "\n" not in told and "defect" not in told
    if todo:
        assert told.endswith("go on.") and sentence(error).endswith(
            "run snakemake again."
        )


@pytest.mark.parametrize(
    "error", [KeyError("x"), TypeError("None"), ValueError("odd"), IndexError(3)]
)
def test_what_is_no_fault_of_the_system_is_evenfolds(error):
    assert sentence(error) is None


def test_every_file_of_the_layout_is_made_again_by_its_rule():
    for file in FILES.values():
        for dataset in ("demo", "demo/published"):
            name = "results/" + file.pattern.format(
                dataset=dataset,
                variant="bce",
                features="aac",
                stem="new",
                shard="00001",
            )
            for path in (name, f"/home/me/{name}"):
                assert rule_of(path) == (file.written, name)
    assert rule_of("resources/data/demo/a.fasta") == (
        "fetch", "resources/data/demo/a.fasta",
    )  # fmt: skip
    assert "`snakemake --forcerun fetch -- 'resources/data/demo/a b.fasta'`" in remedy(
        "resources/data/demo/a b.fasta"
    )
    assert remedy("mine/pos.fasta") is None and remedy("results/demo/other.txt") is None


# --- files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        system(errno.ENOSPC),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_failed_write_names_the_file_and_leaves_nothing(tmp_path, error):
    with (
        pytest.raises(OSError, match=r"a\.npy") as raised,
        replacing(tmp_path / "a.npy"),
    ):
        raise error
    assert (raised.value.errno, raised.value.filename) == (
        errno.ENOSPC, str(tmp_path / "a.npy"),
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_while_writing_keeps_its_own_name(tmp_path):
    for error in (system(errno.EACCES, "/other"), system(errno.EIO), KeyError("x")):
        with pytest.raises(type(error)) as raised, replacing(tmp_path / "a"):
            raise error
        assert raised.value is error


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as raised:
        write_text(tmp_path / "file" / "a.txt", "x")
    assert str(tmp_path / "file" / "a.txt") in sentence(raised.value)


def test_a_name_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("n" * 251 + ".txt")
    write_text(path, "x")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "a[1].txt"
    left, held, young, ahead = (tmp_path / f".a[1].txt.{x * 8}" for x in "lhya")
    other = tmp_path / ".a1.txt.llllllll"
    for one in (left, held, young, ahead, other):
        one.write_text("half")
        if one is not young:
            # Or of a clock that was ahead.
            then = time.time() + (999 if one is ahead else -999)
            os.utime(one, (then, then))
    with open(held) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        write_text(path, "whole")
    assert set(tmp_path.iterdir()) == {path, held, young, other}
    assert path.read_text() == "whole"


@pytest.mark.parametrize("refusal", [errno.ENOLCK, errno.ENOTSUP, errno.EPERM])
def test_a_file_system_without_modes_and_locks_is_used_all_the_same(
    tmp_path, monkeypatch, refusal
):
    """CIFS and FAT refuse other modes, some network folders every lock."""

    def refused(*_):
        raise system(refusal)

    monkeypatch.setattr("pathlib.Path.chmod", refused)
    monkeypatch.setattr("fcntl.flock", refused)
    write_text(tmp_path / "a.txt", "whole")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]
    with open(tmp_path / "lock", "w") as handle:
        if refusal == errno.EPERM:
            with pytest.raises(PermissionError):
                hold(handle, fcntl.LOCK_EX)
        else:
            assert hold(handle, fcntl.LOCK_EX)


def test_a_lock_that_another_holds_is_not_had(tmp_path):
    with open(tmp_path / "lock", "w") as one, open(tmp_path / "lock", "w") as other:
        assert hold(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not hold(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


# --- readers ------------------------------------------------------------------------


def ensemble():
    state = {"w": torch.arange(6.0).reshape(2, 3)}
    return Ensemble(state, {}, {}, [Member(0, 0), Member(1, 0)])


def test_weights_that_are_cut_off_are_not_frozen(tmp_path):
    path = tmp_path / "results" / "demo" / "bce" / "weights.safetensors"
    path.parent.mkdir(parents=True)
    ensemble().save(path)
    assert len(WeightsHeader.of_weights(path).members) == 2
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        for read in (WeightsHeader.of_weights, Ensemble.load):
            with pytest.raises(
                EvenfoldError, match="--forcerun train -- results/demo/bce"
            ):
                read(path)
    path.unlink()
    with pytest.raises(EvenfoldError, match="there is no such file"):
        WeightsHeader.of_weights(path)
    one = ensemble()
    one.state = {"w": one.state["w"][:1]}
    one.save(path)
    with pytest.raises(EvenfoldError, match="not of 2 members"):
        WeightsHeader.of_weights(path)
    Ensemble({}, {}, {}, []).save(path, same_as="bce")
    assert WeightsHeader.of_weights(path).same_as == "bce"


@pytest.mark.parametrize("lengths", [None, [1, 5]])
def test_features_that_are_cut_off_or_of_others_are_named(tmp_path, lengths):
    path = tmp_path / "results" / "demo" / "features" / "aac.npy"
    path.parent.mkdir(parents=True)
    values = np.arange(6, dtype=np.float32)
    np.save(path, values if lengths else values.reshape(2, 3))
    facts = FeatureFacts(
        names=["aac"], columns=["a", "b", "c"], length=5, lengths=lengths, vectors=None
    )
    assert len(load_features(path, facts)) == 2
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(EvenfoldError, match="--forcerun featurize -- results/demo"):
            load_features(path, facts)
    np.save(path, np.zeros((2, 4)))
    with pytest.raises(EvenfoldError, match="cut off or damaged"):
        load_features(path, facts)


def test_rejected_records_come_back_or_are_named(tmp_path):
    path = tmp_path / "results" / "demo" / "clean" / "rejected.tsv"
    rows = [["a", "f 1", 'say "x"'], ["b" * 200_000, "f\t2", "two\nlines"]]
    write_rejected(path, rows)
    assert read_rejected(path) == rows
    whole = path.read_bytes()
    ends = {whole.index(b"\n") + 1, whole.index(b'"\n') + 2}
    for size in {*range(80), len(whole) // 2, len(whole) - 1} - ends:
        path.write_bytes(whole[:size])
        with pytest.raises(
            EvenfoldError, match="--forcerun clean -- results/demo/clean"
        ):
            read_rejected(path)


def test_a_changed_byte_in_a_table_is_found(tmp_path):
    """Parquet compares no sums unless it is asked to."""
    path = tmp_path / "results" / "demo" / "bce" / "oof.parquet"
    rows = [["a", "b"], [1, 0], [0, 1], [0.25, -0.5], [0.0, 0.0], [0.6, 0.4]]
    OOF.write(path, OOF.of(*rows))
    whole = bytearray(path.read_bytes())
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    found = 0
    for place in range(4, len(whole) - footer, 3):
        changed = whole.copy()
        changed[place] ^= 0x10
        path.write_bytes(changed)
        for read in (OOF.arrow, OOF.frame, lambda p: list(OOF.batches(p, ["id"], 9))):
            try:
                read(path)
            except EvenfoldError as error:
                assert "--forcerun train -- results/demo/bce/oof.parquet" in str(error)
                found += 1
    # Headers of pages and what no reader wants are under no sum.
    assert found > (len(whole) - footer) / 3


def test_a_limit_of_open_files_is_not_told_as_damage(tmp_path):
    path = tmp_path / "oof.parquet"
    for error in (system(errno.EMFILE), MemoryError("x"), pa.ArrowMemoryError("x")):
        with pytest.raises(EvenfoldError) as raised, telling(path, "it is damaged"):
            raise error
        assert "damaged" not in str(raised.value)
    with (
        pytest.raises(EvenfoldError, match="it is damaged"),
        telling(path, "it is damaged"),
    ):
        raise pa.ArrowInvalid("odd")


# --- jobs and commands --------------------------------------------------------------


def ended(tmp_path, capsys, error):
    with pytest.raises(SystemExit) as end, job.job(str(tmp_path / "a.log")):
        raise error
    return end.value.code, capsys.readouterr().err, (tmp_path / "a.log").read_text()


def test_a_job_ends_with_a_sentence_or_owns_a_defect(tmp_path, capsys):
    code, said, log = ended(tmp_path, capsys, system(errno.ENOSPC, "x"))
    assert code == 1 and "Error: x: the disk is full" in said and "x: the disk" in log
    assert "defect" not in said and "Traceback" not in said + log
    code, said, log = ended(tmp_path, capsys, KeyError("x"))
    assert (
        code == 1 and "a defect of evenfold, not of your data (KeyError: 'x')" in said
    )
    assert "Traceback" in log and "Traceback" not in said
    # Its log ends with the sentence, which the end of a run tells again.
    assert log.splitlines()[-1].startswith("Error: a defect of evenfold")
    code, said, _ = ended(tmp_path, capsys, KeyboardInterrupt())
    assert code == 130 and "Stopped; run snakemake again to go on." in said


def test_a_log_that_cannot_be_opened_or_written(tmp_path, capsys):
    with pytest.raises(SystemExit) as end, job.job(str(tmp_path / "none" / "a.log")):
        pass
    assert end.value.code == 1
    assert "there is no such file or folder. Put it there" in capsys.readouterr().err
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with job.job("/dev/full") as log:
        log.info("one")
        log.info("two")
    said = capsys.readouterr().err
    assert said.count("Warning: the log /dev/full: the disk is full") == 1
    assert "Traceback" not in said
    with pytest.raises(SystemExit), job.job("/dev/full"):
        raise KeyError("x")
    said = capsys.readouterr().err
    assert "Please report it with the lines above" in said and "Traceback" in said


def test_a_command_ends_with_a_sentence_or_owns_a_defect(monkeypatch, capsys):
    def show(error):
        def fails(_):
            raise error

        monkeypatch.setitem(cli._COMMANDS, "show", fails)
        return cli.main(["show", "x"]), capsys.readouterr().err

    code, said = show(system(errno.EACCES, "x"))
    assert code == 1 and said.startswith("Error: x: you may not use it")
    assert said.rstrip().endswith("run the command again.")
    assert show(KeyboardInterrupt()) == (130, "Stopped.\n")
    code, said = show(KeyError("x"))
    assert code == 1 and "a defect of evenfold" in said and "Traceback" not in said
    name = said.split("with the file ")[1].split(",")[0]
    with open(name) as file:
        assert "KeyError" in file.read()
    os.unlink(name)


def test_whoever_closes_the_output_early_gets_no_traceback(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    stream = io.TextIOWrapper(os.fdopen(writing, "wb"))
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setitem(cli._COMMANDS, "show", lambda _: print("x") or 0)
    assert cli.main(["show", "x"]) == 0


CLOSED = """
import os, sys
from evenfold.cli import _open_what_is_closed
for number, name in enumerate(("stdin", "stdout", "stderr")):
    os.close(number)
    setattr(sys, name, None)
_open_what_is_closed()
with open(sys.argv[1], "w") as file:
    print("out"), print("err", file=sys.stderr)
    sys.stdout.flush(), sys.stderr.flush()
    print(file.fileno(), repr(sys.stdin.buffer.read()), file=file)
"""


def test_streams_that_are_closed_take_nothing_and_give_nothing(tmp_path):
    """As of `evenfold predict ... <&- >&- 2>&-`: no file gets their numbers."""
    done = subprocess.run(
        [sys.executable, "-c", CLOSED, tmp_path / "found"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )
    number, read = (tmp_path / "found").read_text().split()
    assert done.returncode == 0 and int(number) > 2 and read == "b''"


def test_digests_of_files_that_are_gone_are_told(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        sha256_file(tmp_path / "gone")
    assert f"{tmp_path / 'gone'}: there is no such file" in sentence(raised.value)


BOMB = """
import resource, sys
from pathlib import Path
from evenfold.config.reading import Reading
from evenfold.job import job
from evenfold.sequences.cleaning import CleanOutputs, clean_files

pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 300_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
file = {"path": "bomb.fasta.gz", "name": "bomb.fasta.gz", "kind": "sequences",
        "role": "train", "label": 1}
with job("a.log"):
    clean_files([file], Reading(), CleanOutputs(*"abcdef"))
"""


@pytest.mark.parametrize("line", [b"A" * 60, b"A" * 59 + b"\n"], ids=["one", "many"])
@pytest.mark.skipif(sys.platform != "linux", reason="needs limits of memory")
def test_a_gzip_bomb_under_a_memory_limit(tmp_path, line):
    part = gzip.compress(line * 200_000)
    (tmp_path / "bomb.fasta.gz").write_bytes(gzip.compress(b">a\n") + part * 90)
    assert (tmp_path / "bomb.fasta.gz").stat().st_size < 4_000_000
    done = subprocess.run(
        [sys.executable, "-c", BOMB], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )  # fmt: skip
    assert done.returncode == 1
    assert "bomb.fasta.gz: one line or record of it is larger than" in done.stderr
    assert "Traceback" not in done.stderr and "defect" not in done.stderr
