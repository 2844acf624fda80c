"""What is said at a lock of Snakemake's; tests/workflow/test_resume.py has real runs."""

import fcntl

import pytest

from evenfold.locks import explain_at_exit


@pytest.fixture
def at_exit(monkeypatch):
    """What was registered to be called when the process ends."""
    registered = []
    monkeypatch.setattr("atexit.register", registered.append)
    return registered


def gone():
    raise FileNotFoundError("the other run has just ended")


@pytest.mark.parametrize(
    ("locked", "held", "told"),
    [
        (lambda: True, False, "    snakemake --unlock\n\nand then the same command"),
        (lambda: True, True, "Another snakemake is at work in this folder. Wait"),
        (lambda: False, False, ""),
        (gone, True, ""),
    ],
)
def test_a_lock_is_explained_by_whoever_else_runs(
    tmp_path, at_exit, capsys, locked, held, told
):
    explain_at_exit(locked, tmp_path / ".snakemake")
    (explain,) = at_exit
    with open(tmp_path / ".snakemake/evenfold-running") as other:
        if held:
            fcntl.flock(other, fcntl.LOCK_SH)
        explain()
    found = capsys.readouterr().err
    assert told in found and bool(told) == bool(found)


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path, at_exit):
    (tmp_path / "file").touch()
    explain_at_exit(lambda: True, tmp_path / "file" / ".snakemake")
    assert at_exit == []
