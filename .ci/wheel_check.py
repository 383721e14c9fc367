"""Build the package, install it in a fresh environment and use it from an empty folder.

The wheel is built from the source archive, so both are known to be complete. The environment
holds the wheel alone; what it depends on is read from the environment that runs this, which takes
seconds where a second installation of TensorFlow would take minutes.

    .venv/bin/python .ci/wheel_check.py
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"about", "anomalies", "backtest", "data", "learn", "ledger", "market", "models"}

#: A frame as yfinance gives it, then five lines from it to a verdict.
EXAMPLE = """
import numpy as np
import pandas as pd

times = pd.date_range("2024-01-01", periods=1_500, freq="h", tz="America/New_York")
close = 40_000 * np.exp(np.random.default_rng(0).normal(0, 0.005, len(times)).cumsum())
candles = {"Open": close, "High": close * 1.002, "Low": close * 0.998, "Close": close}
df = pd.DataFrame(candles | {"Volume": 1_000_000}, index=times)

import cryptoforecast as cf

prices = cf.from_frame(df, coin="BTC", interval="1h", simulated=True)
result = cf.backtest(prices, model="dense", horizon=2, units=(8,), epochs=2)
print(result.verdict.sentence)
"""


def main() -> None:
    """Run every check; the first that fails ends the process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder / "dist")
        python = install(wheel, folder / "environment")
        empty, home = folder / "empty", folder / "user"
        empty.mkdir()
        home.mkdir()
        use = Use(python, empty, home)
        use.check_import()
        use.check_models()
        use.check_example()
        use.check_dashboard()
        left = [path.name for path in empty.iterdir()]
        if left:
            raise SystemExit(f"Nothing may be written into the current folder. Found: {left}.")


def build(folder: Path) -> Path:
    """Build the source archive, and the wheel from it; return the wheel."""
    say("source archive, and the wheel from it")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)], ROOT)
    (archive,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    _run([*pip, "--no-build-isolation", "--wheel-dir", str(folder), str(archive)], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel alone in a new environment; return its Python.

    ``pip check`` then holds the wheel's version ranges against what is installed here.
    """
    say(f"{wheel.name} in a fresh environment")
    venv.create(folder, symlinks=os.name != "nt")
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    python = Path(paths["scripts"]) / ("python.exe" if os.name == "nt" else "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    _run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], folder)
    (Path(paths["purelib"]) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    _run([*pip, "check"], folder)
    return python


class Use:
    """The installed package, used as somebody would who has nothing else of the project.

    Args:
        python: The Python of the environment.
        folder: The current folder, empty.
        home: The user's home folder.
    """

    def __init__(self, python: Path, folder: Path, home: Path) -> None:
        self.python = str(python)
        self.command = str(python.with_name("cryptoforecast"))
        self.folder = folder
        self.home = home
        inherited = {name: value for name, value in os.environ.items() if not _ours(name)}
        self.environ = inherited | {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "CRYPTOFORECAST_LIVE": "0",
        }

    def check_import(self) -> None:
        """The installed package is what is imported, and it is typed."""
        say("import cryptoforecast")
        code = "import cryptoforecast; print(cryptoforecast.__file__)"
        package = Path(self._answer(self.python, "-c", code).strip()).parent
        if Path(self.python).parent.parent not in package.parents:
            raise SystemExit(f"The installed package must be imported. Imported: {package}.")
        if not (package / "py.typed").is_file():
            raise SystemExit("The package must say that it is typed (py.typed).")

    def check_models(self) -> None:
        """The shipped models are there, by either name of the command."""
        say("cryptoforecast models list")
        shipped = {path.parent.name for path in ROOT.glob("models/*/bundle.json")}
        for command in ([self.command], [self.python, "-m", "cryptoforecast"]):
            models = json.loads(self._answer(*command, "models", "list", "--json"))
            if {model["name"] for model in models} != shipped:
                raise SystemExit(f"The shipped models must be listed. Listed: {models}.")

    def check_example(self) -> None:
        """The library trains a small network and says whether it beats the last price."""
        say("from a DataFrame to a verdict")
        sentence = self._answer(self.python, "-c", EXAMPLE).strip()
        print(sentence)
        if "the last price" not in sentence:
            raise SystemExit("The verdict must compare with the last price.")

    def check_dashboard(self) -> None:
        """The dashboard answers its health check and shows every page."""
        say("cryptoforecast app")
        with self._dashboard() as address:
            session = _show(address, {})
            for name in sorted(PAGES):
                _show(address, {"session_id": session, "page": name})
        if not (self.home / ".cryptoforecast").is_dir():
            raise SystemExit("What is kept must be written under the user's home.")

    @contextlib.contextmanager
    def _dashboard(self) -> Iterator[str]:
        port = _free_port()
        environ = self.environ | {
            "STREAMLIT_SERVER_HEADLESS": "true",
            "STREAMLIT_SERVER_ENABLE_AGENT_API": "true",
        }
        log = self.home / "server.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [self.command, "app", "--host", "127.0.0.1", "--port", str(port)],
                cwd=self.folder,
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                address = f"http://127.0.0.1:{port}"
                _wait_for(f"{address}/_stcore/health", server)
                yield address
            except BaseException:
                print(log.read_text("utf-8", errors="replace")[-4000:], file=sys.stderr)
                raise
            finally:
                server.terminate()
                server.wait(20)

    def _answer(self, *command: str) -> str:
        return _run(list(command), self.folder, self.environ)


def say(what: str) -> None:
    """Name the check that begins."""
    print(f"-- {what}", flush=True)


def _ours(name: str) -> bool:
    return name.startswith(("CRYPTOFORECAST_", "STREAMLIT_", "PYTHON"))


def _run(command: list[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        raise SystemExit(f"Failed with status {done.returncode}: {' '.join(command)}")
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.read() == b"ok":
                return
        time.sleep(0.1)
    raise SystemExit(f"{url} must answer ok. The server's status: {server.poll()}.")


def _show(address: str, body: dict[str, str], tries: int = 5) -> str:
    """Open a page by Streamlit's interface for agents; return the session it is open in."""
    request = urllib.request.Request(
        f"{address}/_stcore/agent/interact",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            page = json.load(answer)
            if answer.status == 202 and tries > 1:  # still busy
                return _show(address, {"session_id": page["session_id"]}, tries - 1)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{body}: {error.read().decode(errors='replace')[:2000]}") from error
    if page.get("status") != "ready":
        raise SystemExit(f"{body} must show a page. Received: {json.dumps(page)[:2000]}.")
    return str(page["session_id"])


if __name__ == "__main__":
    main()
