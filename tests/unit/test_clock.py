"""Clocks that are ahead, or were set back."""

import os
import time

import pytest

from evenfold.clock import Before, _date, now_at, refuse_later, settle
from evenfold.errors import EvenfoldError

#: Of 2030.
AHEAD = 1893456000


def test_what_is_written_after_the_clock_was_set_back_is_new(tmp_path):
    page, same, absent = (tmp_path / name for name in ("page", "same", "absent"))
    page.write_text("old")
    same.write_text("old")
    before = Before([page, same])
    page.write_text("new")
    os.utime(page, (5, 5))
    absent.write_text("new")
    assert before.changed(page) and before.changed(absent)
    assert not before.changed(same) and not before.changed(tmp_path / "nowhere")


def dated(path, seconds):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(">a\nMKV\n")
    os.utime(path, (seconds, seconds))
    return path


def test_a_users_file_from_the_future_is_refused_with_what_mends_it(tmp_path):
    ahead = dated(tmp_path / "a b.fasta", AHEAD)
    near = dated(tmp_path / "near.fasta", 1050)
    own = dated(tmp_path / "results" / "demo" / "groups.parquet", AHEAD)
    refuse_later([near, own, tmp_path / "lost.fasta"], 1000)
    with pytest.raises(EvenfoldError) as told:
        refuse_later([near, own, ahead], 1000)
    assert str(told.value).startswith(f"{ahead} is dated ")
    assert "which is still to come (it is 1 January 1970" in str(told.value)
    assert f"touch '{ahead}'; if this machine's clock is, set it." in str(told.value)
    assert _date(2.0**60) == "in a year of no calendar"


def test_a_file_that_cannot_be_dated_leaves_the_machines_clock(tmp_path):
    assert abs(now_at(tmp_path / "none") - time.time()) < 60


def test_what_a_job_has_read_is_no_newer_than_what_it_wrote(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    now = now_at(dated(tmp_path / "a.log", 0))
    assert abs(now - time.time()) < 60
    own = dated(tmp_path / "results" / "demo" / "groups.parquet", AHEAD)
    near = dated(tmp_path / "near.fasta", round(now) + 30)
    old = dated(tmp_path / "results" / "demo" / "split.parquet", 1000)
    ahead = dated(tmp_path / "ahead.fasta", AHEAD)
    settle(map(str, [own, near, old, ahead]), now)
    assert now <= own.stat().st_mtime < AHEAD
    assert old.stat().st_mtime == 1000 and ahead.stat().st_mtime == AHEAD
    assert slept == [pytest.approx(30, abs=1)]
