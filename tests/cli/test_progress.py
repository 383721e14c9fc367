"""How far the work is: one line on a terminal, a line now and then in a log."""

from __future__ import annotations

import time

from cryptoforecast.cli.progress import Meter, Reading
from cryptoforecast.types import EpochLoss, Progress


class Stream:
    def __init__(self, terminal):
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def reports(meter, count=3):
    curve = (EpochLoss(1, 0.5, 0.25, 4.0),)
    for i in range(count):
        meter(Progress(2, 4, 0.25 + 0.25 * i, 5.0, curve))
    meter.close()


def test_a_terminal_gets_one_line_that_updates(capsys):
    reports(Meter("Training lstm", Stream(True)))
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.count("\r") == 3
    assert "Training lstm: epoch 2 of 4, loss 0.5, validation 0.25, 5 s, about 15 s left" in shown


def test_the_last_report_says_what_goes_on_after_training():
    folded = Meter("Training lstm", Stream(False)).line(Progress(2, 5, 0.5, 8.0, (), 3, 4))
    assert folded == "Training lstm: fold 3 of 4, epoch 2 of 5, 8 s, about 8 s left"
    line = Meter("Training lstm", Stream(False)).line(Progress(4, 4, 1.0, 5.0))
    assert line == "Training lstm: epoch 4 of 4, 5 s, trained; testing it now"


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 4.9, 5.0, 5.0, 7.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    reports(Meter("Training lstm", Stream(False)))
    shown = capsys.readouterr().err
    assert shown.count("Training lstm: epoch 2 of 4") == 1
    assert "\r" not in shown


def test_reading_a_file_shows_each_percent_once_on_a_terminal(capsys):
    reading = Reading("x\n.csv", Stream(True))
    for share in (0.001, 0.005, 0.5, 0.501, 1.0):
        reading(share)
    reading.close()
    shown = capsys.readouterr().err
    assert [line.split(": ")[1] for line in shown.split("\r\x1b[K")[1:]] == [
        "0 %",
        "50 %",
        "100 %\n",
    ]
    assert shown.count("\n") == 1
