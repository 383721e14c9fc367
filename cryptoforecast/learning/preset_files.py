"""Presets in files: the settings of a network as JSON, to use them again elsewhere."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import specs
from cryptoforecast.types import ModelSpec

#: Version of the format, and the largest file in bytes.
VERSION, MAX_BYTES = 1, 20_000
#: Fields that a preset leaves out: the spans of a test, and the random seed.
LEFT_OUT = ("test", "validation", "seed")


def text(spec: ModelSpec) -> str:
    """Write the settings of a network as a preset file."""
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(spec).items()
        if name not in LEFT_OUT
    }
    return json.dumps({"version": VERSION, "settings": settings}, indent=2) + "\n"


def read(path: Path) -> dict[str, object]:
    """Read the settings of a preset file, ``network`` among them.

    Raises:
        InvalidInput: If the file can't be read, or is no preset.
    """
    shown = f"{str(path)!r:.200}"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        document = json.loads(content.decode("utf-8"))
        version, settings = document["version"], dict(document["settings"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidInput(
            f"A preset is a file that `search --save-preset` wrote, or one of "
            f"{', '.join(specs.PRESETS)}. Received: {shown} ({error!s:.100})."
        ) from error
    names = {field.name for field in dataclasses.fields(ModelSpec)} - {*LEFT_OUT}
    wrong = sorted({str(name) for name in settings} - names)
    if version != VERSION or wrong or settings.get("network") not in specs.NETWORKS:
        if wrong:
            what = f"the setting {wrong[0]!r:.60}"
        elif version != VERSION:
            what = f"version {version!r:.20}"
        else:
            network = f"the network {settings.get('network')!r:.60}"
            what = network if "network" in settings else "no network"
        raise InvalidInput(
            f"A preset has version {VERSION}, a network ({' or '.join(specs.NETWORKS)}) and "
            f"settings of networks. Received: {shown} with {what}. Correct it, or write it anew."
        )
    result = {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
    specs.make(**result)  # type: ignore[arg-type]  # refuses what breaks a rule
    return result
