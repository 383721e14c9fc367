"""A process of its own: help, dashboard, closed pipes, full disks and Ctrl-C."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cryptoforecast import cli
from cryptoforecast.prices.files import writing
from cryptoforecast.service import SavedModelService
from tests import synthetic
from tests.cli.processes import ROOT, process, unix
from tests.command_line import refused


def test_help_and_version_go_to_stdout(run):
    for args in (["--help"], ["backtest", "--help"], ["models", "list", "--help"], ["--version"]):
        status, out, err = run(*args)
        assert (status, err) == (0, "")
        assert out


def test_without_a_command_the_help_is_shown(run):
    assert run() == run("--help")


def test_the_dashboard_is_streamlits_and_ctrl_c_ends_it(run, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    calls = []

    def serve(name, **_):
        calls.append([name, *sys.argv])
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("runpy.run_module", serve)
    monkeypatch.setattr(sys, "argv", [])
    try:
        assert run("app", "--port=8600") == (130, "", "")
    finally:
        signal.signal(signal.SIGINT, before)
    script = str(ROOT / "app.py")
    options = ["--server.address=localhost", "--server.port=8600"]
    assert calls == [["streamlit", "streamlit", "run", script, *options]]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "1_0"])
def test_the_dashboard_needs_a_port_that_exists(run, port):
    refused(run("app", f"--port={port}"), "--port", "65535", port)


@unix
def test_a_reader_that_closes_the_pipe_is_no_failure(home):
    command = f"{sys.executable} -m cryptoforecast models list --json"
    code = f"{command} | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.endswith("0\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_failure(home):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cryptoforecast", "models", "list", "--json"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space" in done.stderr


@unix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_not_crash_it(closed, prices, home):
    code = f"exec {sys.executable} -m cryptoforecast inspect {prices} {closed}"
    done = subprocess.run(
        ["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert prices.read_text().startswith("time,")


def test_what_a_terminal_can_not_show_is_escaped(tmp_path):
    path = tmp_path / "Bitcoin é.csv"
    writing.write(synthetic.history(), path)
    done = process("inspect", path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "600 candles" in done.stdout


LONG = [
    "--network", "lstm", "--epochs", "500", "--final", "0", "--lookback", "20", "--units", "64",
]  # fmt: skip


@unix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("moment", ["note:", "epoch 1 of 500"], ids=["importing", "training"])
def test_ctrl_c_ends_a_training_long_before_its_end(moment, home):
    """Its stderr is a terminal, so that the updating line shows when training has begun."""
    leader, follower = os.openpty()
    command = [sys.executable, "-m", "cryptoforecast", "train", "--coin", "BTC", "--days", "90"]
    child = subprocess.Popen(
        [*command, *LONG, "--save", "never", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    try:
        seen = _read_until(leader, moment)
        child.send_signal(signal.SIGINT)
        status = child.wait(60)  # 500 epochs take several minutes
        seen += _rest(leader)
    finally:
        child.kill()
        answer, _ = child.communicate()
        os.close(leader)
    assert status == 130, seen
    assert answer == b""
    assert "Interrupted." in seen
    assert "Traceback" not in seen
    assert not (home / "models").exists()


@unix
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_does_not_wait_for_work_that_does_not_stop(monkeypatch, capsys):
    """Native code, for example, never checks whether it should stop."""
    started, release, finished = threading.Event(), threading.Event(), threading.Event()

    def stubborn(service):
        started.set()
        release.wait(60)
        finished.set()
        return []

    monkeypatch.setattr(SavedModelService, "all", stubborn)
    threading.Thread(
        target=lambda: started.wait(60) and os.kill(os.getpid(), signal.SIGINT), daemon=True
    ).start()
    try:
        assert cli.main(["models", "list"]) == 130
        assert not finished.is_set()
    finally:
        release.set()
    assert capsys.readouterr() == ("", "Interrupted.\n")


@unix
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_asks_the_work_to_stop(monkeypatch, capsys):
    started, stopped = threading.Event(), threading.Event()

    def patient(service, args, cancelled):
        started.set()
        until = time.monotonic() + 10
        while not cancelled() and time.monotonic() < until:
            time.sleep(0.01)
        if cancelled():
            stopped.set()

    def interrupt():
        started.wait(60)
        time.sleep(0.2)  # until the first thread waits for the work
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("cryptoforecast.cli.commands.answer", patient)
    threading.Thread(target=interrupt, daemon=True).start()
    assert cli.main(["models", "list"]) == 130
    assert stopped.wait(15)
    assert capsys.readouterr() == ("", "Interrupted.\n")


def _read_until(descriptor, words):
    seen, until = "", time.monotonic() + 120
    while words not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0, until - time.monotonic()))
        assert ready, f"{words!r} never came: {seen}"
        seen += os.read(descriptor, 4096).decode(errors="replace")
    return seen


def _rest(descriptor):
    seen = b""
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:  # the other end is closed
            return seen.decode(errors="replace")
        if not part:
            return seen.decode(errors="replace")
        seen += part
