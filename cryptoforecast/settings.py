"""Settings, read once from the environment variables ``CRYPTOFORECAST_*`` and passed down."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptoforecast.errors import InvalidInput

PACKAGE = Path(__file__).resolve().parent
#: The folder of ``app.py``, ``pages``, ``models`` and ``.streamlit``: the project's own in a
#: checkout, where the package lies beside them; an installed package carries them inside.
ROOT = PACKAGE / "_app" if (PACKAGE / "_app").is_dir() else PACKAGE.parent

#: Seconds after which it is worth asking again, once the price sources or the ledger have failed.
RETRY_AFTER = 30.0
#: How the variables begin that say how `serve` serves the API.
API_VARIABLES = "CRYPTOFORECAST_API_"
#: How often the app may record and grade forecasts: hours, by the value of the variable.
TICKS = {"1h": 1.0, "4h": 4.0, "1d": 24.0}
#: Characters that the owner key must have, so that it cannot be guessed.
MIN_OWNER_KEY = 12


@dataclass(frozen=True)
class Settings:
    """The settings of an installation: its folders, sources, limits and addresses.

    Attributes:
        home: Folder of everything written: price cache, training cache, saved models.
        shipped: Folder of the models that come with the project; only read.
        live: Whether price sources on the network may be asked.
        deadline: Seconds that a request for prices may take in all.
        fresh: Seconds for which cached prices count as fresh.
        pause: Seconds for which a price source is left alone after it has failed, unless it asks
            for another time.
        retry: Seconds for which it is remembered that no price source answered. With ``pause`` it
            bounds how long it takes until a source that is well again is asked.
        cached_trainings: Trained networks in the training cache.
        price_files: Files in the price cache, at most: one for each source, symbol and interval.
        jobs: Trainings that may wait in the queue.
        waiting: Trainings of one user that may wait.
        training_minutes: Minutes that a training may take. Like ``waiting``, it does not bind the
            owner.
        memory: Megabytes that the process may use; ``None`` for what the system allows it.
        session_candles: Candles of the opened files of one session.
        server_candles: Candles of all opened files.
        models: Saved models in all, the shipped ones not counted.
        guest_models: Saved models of those who do not own the installation.
        guest_megabytes: What these models may take on disk, MB.
        owner_key: Whoever knows it is the owner, and nobody else; ``None`` where there is none.
        session_uploads: Megabytes of the uploaded files of one session.
        server_uploads: Megabytes of all uploaded files.
        tick: Hours between two times at which the app records and grades forecasts; ``None`` if it
            does not.
        ledger: URL of the ledger's database; ``None`` for ``ledger.sqlite`` in ``home``.
        hosts: Names and addresses by which the server may be called; if there are none, by any.
        alarms: Addresses that messages of alarms go to, as Apprise has them; they hold secrets.
        address: Where users open the app, for links in messages; ``None`` for no links.
    """

    home: Path
    shipped: Path = ROOT / "models"
    live: bool = True
    deadline: float = 15.0
    fresh: float = 120.0
    pause: float = 20.0
    retry: float = 5.0
    cached_trainings: int = 60
    price_files: int = 200
    jobs: int = 8
    waiting: int = 2
    training_minutes: float = 15.0
    memory: float | None = None
    session_candles: int = 1_000_000
    server_candles: int = 3_000_000
    models: int = 2_000
    guest_models: int = 50
    guest_megabytes: int = 100
    owner_key: str | None = field(default=None, repr=False)
    session_uploads: float = 200
    server_uploads: float = 600
    tick: float | None = None
    ledger: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    alarms: tuple[str, ...] = field(default=(), repr=False)
    address: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables ``CRYPTOFORECAST_*``; ``docs/command-line.md`` lists them.

        Raises:
            InvalidInput: If a value is outside the rules.
        """
        text = environ.get("CRYPTOFORECAST_HOME")
        try:
            home = (Path(text).expanduser() if text else default_home()).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # an unknown user, a circle of links
            raise InvalidInput(
                f"CRYPTOFORECAST_HOME must be a folder. Received: {text!r:.200} ({error!s:.200}). "
                "Choose a folder that exists or can be made."
            ) from error
        live = environ.get("CRYPTOFORECAST_LIVE", "1")
        if live not in ("0", "1"):
            raise InvalidInput(f"CRYPTOFORECAST_LIVE must be 0 or 1. Received: {live!r}.")
        deadline = environ.get("CRYPTOFORECAST_DEADLINE", "15")
        try:
            seconds = float(deadline)
        except ValueError as error:
            raise InvalidInput(
                f"CRYPTOFORECAST_DEADLINE must be a number of seconds. Received: {deadline!r}."
            ) from error
        if not 0 < seconds <= 15:
            raise InvalidInput(
                f"CRYPTOFORECAST_DEADLINE must be above 0 and at most 15. Received: {deadline}."
            )
        return cls(
            home=home,
            live=live == "1",
            deadline=seconds,
            waiting=int(_number(environ, "WAITING", cls.waiting, 1, 1000)),
            training_minutes=_number(environ, "TRAINING_MINUTES", cls.training_minutes, 0.1, 1e6),
            memory=_number(environ, "MEMORY", 0, 0, 1e9) or None,
            session_candles=int(
                _number(environ, "SESSION_CANDLES", cls.session_candles, 1000, 1e8)
            ),
            server_candles=int(_number(environ, "SERVER_CANDLES", cls.server_candles, 1000, 1e9)),
            models=int(_number(environ, "MODELS", cls.models, 0, 1e6)),
            guest_models=int(_number(environ, "GUEST_MODELS", cls.guest_models, 0, 1e6)),
            guest_megabytes=int(_number(environ, "GUEST_MB", cls.guest_megabytes, 0, 1e6)),
            owner_key=_owner_key(environ),
            session_uploads=_number(environ, "SESSION_UPLOADS", cls.session_uploads, 1, 1e6),
            server_uploads=_number(environ, "SERVER_UPLOADS", cls.server_uploads, 1, 1e6),
            tick=_tick(environ),
            ledger=environ.get("CRYPTOFORECAST_LEDGER") or None,
            hosts=_hosts(environ),
            alarms=tuple(environ.get("CRYPTOFORECAST_ALARMS", "").split()),
            address=_address(environ),
        )


def _number(
    environ: Mapping[str, str], name: str, default: float, lowest: float, highest: float
) -> float:
    """Read the number of a variable ``CRYPTOFORECAST_…``.

    Raises:
        InvalidInput: If it is no number, or outside its bounds.
    """
    text = environ.get(f"CRYPTOFORECAST_{name}", str(default))
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not lowest <= number <= highest:
        raise InvalidInput(
            f"CRYPTOFORECAST_{name} must be a number from {lowest:g} to {highest:g}. Received: "
            f"{text!r:.40}."
        )
    return number


def _tick(environ: Mapping[str, str]) -> float | None:
    """Read the hours between two ticks.

    Raises:
        InvalidInput: If the value is none of ``TICKS``.
    """
    name = environ.get("CRYPTOFORECAST_TICK", "")
    if name and name not in TICKS:
        raise InvalidInput(
            f"CRYPTOFORECAST_TICK must be one of {', '.join(TICKS)}. Received: {name!r:.40}. "
            "Unset it, and the app records nothing by itself."
        )
    return TICKS.get(name)


def _owner_key(environ: Mapping[str, str]) -> str | None:
    """Return the owner key; a message about it never shows it.

    Raises:
        InvalidInput: If it is too short.
    """
    text = environ.get("CRYPTOFORECAST_OWNER_KEY")
    if text is None:
        return None
    key = text.strip()
    if len(key) < MIN_OWNER_KEY:
        raise InvalidInput(
            f"CRYPTOFORECAST_OWNER_KEY must have at least {MIN_OWNER_KEY} characters. Received: "
            f"{len(key)}. Choose a longer one, or unset it. Then its owner is whoever opens the "
            "app on this machine itself."
        )
    return key


def _hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read the names in ``CRYPTOFORECAST_HOSTS``, which commas separate.

    Raises:
        InvalidInput: If a name has a port, a path or a space.
    """
    text = environ.get("CRYPTOFORECAST_HOSTS", "")
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        address = name.startswith("[") and name.endswith("]")
        if set(name) & set("/ @*") or (":" in name and not address):
            raise InvalidInput(
                "CRYPTOFORECAST_HOSTS must be names or addresses without a port, separated by "
                f"commas. Received: {name!r:.60}."
            )
    return names


def _address(environ: Mapping[str, str]) -> str | None:
    """Read the address of the app, without a slash at its end.

    Raises:
        InvalidInput: If it is no address of a site.
    """
    address = environ.get("CRYPTOFORECAST_ADDRESS", "").strip().rstrip("/")
    if not address:
        return None
    site = address.removeprefix("https://").removeprefix("http://")
    if site == address or not site or set(site) & set('@?# \t\n"<>'):
        raise InvalidInput(
            "CRYPTOFORECAST_ADDRESS must be where users open the app, such as "
            f"https://forecasts.example. Received: {address!r:.60}."
        )
    return address


def default_home() -> Path:
    """Return ``~/.cryptoforecast``, or a temporary folder where that cannot be written."""
    try:
        home = Path.home() / ".cryptoforecast"
        home.mkdir(parents=True, exist_ok=True)
        if os.access(home, os.W_OK):
            return home
    except (OSError, RuntimeError):  # RuntimeError: a user without a home folder
        pass
    return _temporary_folder() / "cryptoforecast"


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError:  # nothing can be written anywhere: what is kept stays in memory
        return Path(tempfile.gettempprefix()).absolute()
