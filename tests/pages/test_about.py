"""About: says what the app is not, and the versions that are installed."""

from __future__ import annotations

from importlib import metadata

from cryptoforecast import __version__
from cryptoforecast.service import about
from tests.pages.conftest import words


def test_the_page_says_what_the_app_is_not_and_what_is_installed(open_page):
    page = open_page("about")
    assert "Nothing here is financial advice" in words(page)
    sources, parts = (table.value for table in page.table)
    assert "Yahoo Finance" in set(sources["Source"])
    assert parts["Part"][0] == "CryptoForecast"
    assert __version__.split(".")[-1] in parts["Version"][0]
    assert len(parts) == len(about.parts())


def test_versions_and_licences_are_those_of_the_installed_libraries():
    parts = {part.name: part for part in about.parts()}
    assert parts["numpy"].version == metadata.version("numpy")
    assert parts["plotly"].licence == "MIT"
    assert sum(name.startswith("tensorflow") for name in parts) == 1
    assert all(part.licence and part.use for part in parts.values())


def test_the_licence_of_the_font_is_there(open_page):
    (text,) = open_page("about").code
    assert "SIL OPEN FONT LICENSE" in text.value
