"""Configuration of Sphinx: ``python -m sphinx -W -b html docs build/docs``."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cryptoforecast import __version__  # noqa: E402

project = "CryptoForecast"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False
myst_heading_anchors = 3

#: The order of the pages in the navigation. Sphinx warns about a page that is missing here.
PAGES = {
    "Use it": ("pages", "command-line", "library", "api", "deployment"),
    "Trust it": ("results", "judge", "methods", "performance"),
    "Change it": ("architecture", "decisions"),
}

_PAGE_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\.md(?:#[^)]*)?\)")


def adapt(_: Sphinx, page: str, source: list[str]) -> None:
    """Change what is written for readers on GitHub.

    The navigation is added to the first page, so that its Markdown has no directive. A link to a
    page outside this folder, such as CONTRIBUTING.md, becomes plain text: Sphinx has no such page.

    Args:
        page: name of the page without its ending.
        source: one text, which is replaced.
    """
    source[0] = _PAGE_OUTSIDE.sub(r"\1", source[0])
    if page == "index":
        for caption, names in PAGES.items():
            lines = "\n".join(names)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"


def setup(app: Sphinx) -> None:
    """Register what this file adds to Sphinx."""
    app.connect("source-read", adapt)
