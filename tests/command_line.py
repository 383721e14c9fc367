"""Commands that run in this process, and what their refusals have in common."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cryptoforecast import cli

#: Status, stdout and stderr of a command.
Answer = tuple[object, str, str]


def runner(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return ``run(*args)``, which runs a command here and returns its answer."""

    def run(*args: object) -> Answer:
        capsys.readouterr()
        try:
            status: object = cli.main([*map(str, args)])
        except SystemExit as end:
            status = end.code
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def refused(answer: Answer, *words: str) -> None:
    """Exit 2, nothing on stdout, one clear line on stderr with these words."""
    status, out, err = answer
    assert (status, out) == (2, ""), err
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    assert len(err) < 700
    for word in words:
        assert word in err, err
