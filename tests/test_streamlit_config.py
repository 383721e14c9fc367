"""The dashboard's configuration: known options, safe for visitors, readable in both themes."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
CONFIG = tomllib.loads(TEXT)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def options(section: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every option by its full name, such as ``theme.light.textColor``."""
    for key, value in section.items():
        if isinstance(value, dict):
            yield from options(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_theme_is_readable(mode: str) -> None:
    """Hold text to WCAG AA (4.5), and lines, bars and widgets to its 3 for graphics."""
    theme = CONFIG["theme"][mode]
    for surface in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], surface) >= 7
        assert contrast(theme["linkColor"], surface) >= 4.5
        assert contrast(theme["primaryColor"], surface) >= 3
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5  # labels of primary buttons
    for colour in theme["chartCategoricalColors"]:
        assert contrast(colour, theme["backgroundColor"]) >= 3


def test_both_themes_set_the_same() -> None:
    assert CONFIG["theme"]["light"].keys() == CONFIG["theme"]["dark"].keys()


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "://" not in TEXT


def test_visitors_see_no_traceback_and_are_not_counted() -> None:
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["enableXsrfProtection"] is True


def test_visitors_can_switch_the_theme_but_not_clear_everyones_cache() -> None:
    assert CONFIG["client"]["toolbarMode"] == "viewer"


def test_a_first_start_asks_nothing_and_opens_the_browser() -> None:
    assert CONFIG["server"]["showEmailPrompt"] is False
    assert "headless" not in CONFIG["server"]


def test_streamlit_knows_every_option() -> None:
    ask = (
        "import json, sys; from streamlit import config; config.get_config_options();"
        "print(json.dumps([config.get_option(key) for key in sys.argv[1:]]))"
    )
    ours = dict(options(CONFIG))
    done = subprocess.run(
        [sys.executable, "-c", ask, *ours],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert dict(zip(ours, json.loads(done.stdout), strict=True)) == ours
    assert "not a valid config option" not in done.stdout + done.stderr


def test_no_element_is_sent_by_a_reference_that_a_browser_may_have_dropped() -> None:
    assert CONFIG["global"]["minCachedMessageSize"] > CONFIG["server"]["maxMessageSize"] * 1e6
