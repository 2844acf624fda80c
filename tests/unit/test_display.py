"""What a training says while it goes on."""

import logging
from types import SimpleNamespace

from evenfold.durations import in_time
from evenfold.models.running import EVERY, Display


def progress(epoch, first=1, last=1):
    line = {
        "train_loss": 0.5, "watched_mcc": 0.4, "watched_sn": 0.7, "watched_sp": 0.8,
    }  # fmt: skip
    return SimpleNamespace(
        lines=[line], first=first, last=last, members=5, alive=1, epoch=epoch,
        epochs=10, rows_per_second=1000.0,
    )  # fmt: skip


def test_a_line_every_few_seconds_with_the_time_left_and_the_log_once(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    log = logging.Logger("a training")
    log.addHandler(logging.FileHandler("bce.log"))
    seconds = iter([0.0, 1.0, EVERY, EVERY + 1, 2 * EVERY])
    display = Display(log, "demo bce", clock=lambda: next(seconds))
    for epoch in (1, 2, 3, 4):
        display.update(progress(epoch))
    assert capsys.readouterr().err.splitlines() == [
        # Two of fifty epochs in five seconds.
        "demo bce: epoch 2/10, member 1 of 5, MCC 0.400, gap -0.100, about 2 min left "
        "(every epoch: bce.log)",
        "demo bce: epoch 4/10, member 1 of 5, MCC 0.400, gap -0.100, about 2 min left",
    ]
    written = (tmp_path / "bce.log").read_text().splitlines()
    assert len(written) == 4 and "SN 0.700, SP 0.800, gap -0.100" in written[0]


def test_members_of_a_stack_are_told_together(capsys):
    seconds = iter([0.0, EVERY])
    display = Display(logging.Logger("x"), "demo bce", clock=lambda: next(seconds))
    display.update(progress(10, first=4, last=5))
    assert capsys.readouterr().err == (
        "demo bce: epoch 10/10, members 4-5 of 5, 1 of 2 still training, MCC 0.400, gap "
        "-0.100, about 0 s left\n"
    )


def test_durations_are_told_in_one_unit():
    told = [in_time(seconds) for seconds in (0, 89, 90, 3600, 9000)]
    assert told == ["0 s", "89 s", "2 min", "60 min", "2 h"]
