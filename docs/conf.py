"""Configuration of Sphinx: ``python -m sphinx -W -b html docs build/docs``."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import cryptoforecast  # noqa: E402

project = "CryptoForecast"
release = cryptoforecast.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

#: The order of the pages in the navigation. Sphinx warns about a page that is missing here.
PAGES = {
    "Use it": (
        "pages",
        "command-line",
        "search",
        "alarms",
        "library",
        "api",
        "deployment",
        "scaling",
        "security",
    ),
    "Trust it": ("results", "judge", "methods", "performance"),
    "Change it": ("architecture", "decisions"),
}

#: What the reference of the library shows, in this order.
REFERENCE = (
    *("fetch", "read", "from_frame", "signal", "backtest", "search"),
    *("forecast", "anomalies", "train", "train_global", "load", "models"),
    *("Prices", "Model", "Backtest", "Search", "Forecast", "Anomalies", "CryptoForecastError"),
)

_PAGE_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\.md(?:#[^)]*)?\)")


def adapt(_: Sphinx, page: str, source: list[str]) -> None:
    """Change what is written for readers on GitHub.

    A link to a page outside this folder, such as CONTRIBUTING.md, becomes plain text: Sphinx has
    no such page. The navigation and the reference of the library are added to their pages, so that
    their Markdown has no directives.

    Args:
        page: Name of the page without its ending.
        source: One text, which is replaced.
    """
    source[0] = _PAGE_OUTSIDE.sub(r"\1", source[0])
    if page == "index":
        source[0] += navigation()
    if page == "security":
        options = ":heading-offset: 1\n:relative-docs: docs/"
        source[0] += f"\n```{{include}} ../SECURITY.md\n{options}\n```\n"
    if page == "library":
        source[0] += reference()


def navigation() -> str:
    """List the pages for the navigation."""
    return "".join(
        "\n".join(["\n```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```\n"])
        for caption, names in PAGES.items()
    )


def reference() -> str:
    """Ask for the docstrings of every public name.

    Raises:
        ValueError: If the library has a name that is missing here.
    """
    if set(REFERENCE) != set(cryptoforecast.__all__) - {"__version__"}:
        raise ValueError(f"REFERENCE must have the names in {cryptoforecast.__all__}.")
    lines = ["\n```{eval-rst}"]
    for name in REFERENCE:
        if isinstance(getattr(cryptoforecast, name), type):
            lines += [f".. autoclass:: cryptoforecast.{name}()", "   :members:", ""]
        else:
            lines += [f".. autofunction:: cryptoforecast.{name}", ""]
    return "\n".join([*lines, "```\n"])


def setup(app: Sphinx) -> None:
    """Register what this file adds to Sphinx."""
    app.connect("source-read", adapt)
