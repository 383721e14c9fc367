"""In a real browser: text of strangers is only text, and nobody but our server is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pandas as pd
import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from cryptoforecast import html_report
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.learning import specs
from cryptoforecast.library.prices import Prices
from tests import serving, synthetic
from tests.browser.payloads import HOST, TEXTS
from tests.prices.files import samples

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("", "backtest", "market", "anomalies", "data", "models")
#: Much of what a stranger may try, in one name.
EVIL = (
    f"[a](http://{HOST}/a) ![i](http://{HOST}/i.png) http://{HOST}/b www.{HOST} x@{HOST} $x^2$ "
    f":red[r] :smile: :material/home: <img src=http://{HOST}/j.png onerror=window.ran=1> "
    f"<a href='http://{HOST}/t'>t</a> `c` **s** ~~d~~ $$y_1$$"
)
#: All that an address may set; the first one ends most pages.
KEYS = (
    "coin", "model", "file", "interval", "card", "compare", "walk", "view", "metric", "against",
    "test", "window", "ends", "span_1h", "history_1h", "alarms_1h", "log", "folds", "gap",
    "price_BTC", EVIL,
)  # fmt: skip
#: The same without what a file name can't have, and short enough for one.
EVIL_NAME = f"[a](x) www.{HOST} x@{HOST} $x^2$ :smile: <img src=x onerror=window.ran=1>"
#: What is on a page and isn't ours: elements by which a text is more than text.
FOREIGN = """() => {
    const ours = location.origin;
    const links = [...document.querySelectorAll('a')]
        .map(a => a.href.baseVal ?? a.href).filter(href => href && !href.startsWith(ours));
    const images = [...document.querySelectorAll('img, image, iframe, video, audio')]
        .map(image => image.src || image.href?.baseVal || image.outerHTML)
        .filter(source => !source.startsWith(ours) && !source.startsWith('data:'));
    const formulas = [...document.querySelectorAll('.katex, math')].map(one => one.textContent);
    const faces = document.body.innerText.includes('😄') ? ['an emoji'] : [];
    const ran = window.ran ? ['a script'] : [];
    return [...links, ...images, ...formulas, ...faces, ...ran];
}"""
#: A page of ours with every text in every kind of element that pages give names to.
ELEMENTS = """
import streamlit as st
from cryptoforecast.ui.words import plain
from tests.browser.payloads import TEXTS
escape = plain if "escaped" in st.query_params else str
texts = TEXTS if escape is plain else TEXTS[:20]
for number, text in enumerate(map(escape, texts)):
    with st.container(key=f"text-{number}"):
        st.markdown(text)
        st.caption(f"Ours at 12:00:00 for $5: {text} $6 · ours")
        st.markdown(f":green-badge[:material/database: {text}]")
        st.error(text)
        st.subheader(text)
        st.metric(text, text, text, help=text)
        st.progress(0.5, text)
        st.expander(text)
        st.table({"Decided": [text]})
st.selectbox("Options", texts)
st.multiselect("Chips", texts, texts)
st.pills("Pills", texts, format_func=escape)
st.html("<p id='end'></p>")
"""


class Watch:
    """Notes what a browser asks of others, whom it does not find.

    Attributes:
        complaints: What the console says of them.
    """

    def __init__(self, context: BrowserContext) -> None:
        self._requests: list[Request] = []
        self.complaints: list[str] = []
        self._context = context
        context.on("request", self._note)
        context.on("console", self._hear)

    def end(self) -> None:
        self._context.remove_listener("request", self._note)
        self._context.remove_listener("console", self._hear)

    @property
    def foreign(self) -> list[str]:
        """Addresses of other machines that were asked; not those that a page's policy forbade."""
        return [one.url for one in self._requests if one.failure != "csp"]

    def _note(self, request: Request) -> None:
        if not _is_ours(request.url):
            self._requests.append(request)

    def _hear(self, message: ConsoleMessage) -> None:
        about = message.location["url"]
        if message.type == "error" and (not _is_ours(about) or "Policy" in message.text):
            self.complaints.append(f"{message.text} {about}")


@pytest.fixture
def watch(clean_profile: BrowserContext) -> Iterator[Watch]:
    watch = Watch(clean_profile)
    yield watch
    watch.end()


@pytest.fixture
def page(clean_profile: BrowserContext) -> Page:
    tab = clean_profile.new_page()
    tab.set_viewport_size({"width": 1280, "height": 1000})
    return tab


@pytest.fixture(scope="module")
def hostile_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app from a home with a model of a stranger, and one that is damaged."""
    home = tmp_path_factory.mktemp("hostile")
    shutil.copytree(ROOT / "models" / "btc-1h-dense", home / "models" / "evil")
    bundle = home / "models" / "evil" / "bundle.json"
    content = json.loads(bundle.read_text())
    content["card"] |= {"coin": EVIL, "source": EVIL, "fingerprint": EVIL, "verdict": EVIL}
    content["card"]["libraries"] = {EVIL: EVIL}
    bundle.write_text(json.dumps(content))
    damaged = home / "models" / "damaged" / "bundle.json"
    damaged.parent.mkdir()
    damaged.write_text(json.dumps({"format": EVIL}))
    with serving.streamlit(home) as address:
        yield address


def _is_ours(url: str) -> bool:
    parts = urlsplit(url)
    return parts.hostname == "127.0.0.1" or parts.scheme in ("data", "blob", "file", "about")


def settled(page: Page) -> None:
    """Wait until the page has run to its end."""
    expect(page.get_by_text("For learning and research")).to_be_visible()
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def test_the_icon_is_ours_and_the_dark_page_asks_nobody_else(url: str, watch: Watch, page: Page):
    """What other pages ask for is watched by the tests below and by ``test_security``."""
    page.goto(url)
    settled(page)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(13, 18, 24)")
    settled(page)
    page.reload()
    # Dialogs stand in the body, outside of the app; their captions would be dark on dark.
    expect(page.locator("body")).to_have_css("color-scheme", "dark")
    settled(page)
    icon = page.locator("link[rel='shortcut icon']").get_attribute("href")
    assert str(icon).startswith("data:image/png")
    assert watch.foreign == []
    assert watch.complaints == []


def test_an_address_of_a_stranger_is_only_text(hostile_url: str, watch: Watch, page: Page):
    for name, keys in [*((name, KEYS) for name in PAGES), ("", KEYS[1:])]:
        words = "&".join(f"{quote(key)}={quote(EVIL)}" for key in keys)
        page.goto(f"{hostile_url}/{name}?{words}")
        settled(page)
        assert page.evaluate(FOREIGN) == []
        if keys is KEYS and name not in ("data", "models"):
            expect(page.get_by_test_id("stAlert").first).to_contain_text("[a](http")
    assert watch.foreign == []
    assert watch.complaints == []


def test_a_model_of_a_stranger_is_only_text(hostile_url: str, watch: Watch, page: Page):
    page.goto(f"{hostile_url}/models?card=evil")
    settled(page)
    page.get_by_text("All facts").click()
    expect(page.get_by_text("damaged: ")).to_contain_text("[a](http")
    assert page.get_by_test_id("stTable").inner_text().count(EVIL) >= 3
    assert page.evaluate(FOREIGN) == []
    page.goto(f"{hostile_url}/models?compare=evil,btc-1h-dense")
    settled(page)
    assert page.get_by_test_id("stTable").inner_text().count(EVIL) >= 2
    assert page.evaluate(FOREIGN) == []
    page.goto(f"{hostile_url}/?model=evil")
    settled(page)
    assert page.evaluate(FOREIGN) == []
    assert watch.foreign == []


def test_a_file_of_a_stranger_is_only_text(hostile_url: str, watch: Watch, page: Page):
    frame = samples.candles("1h", 400)
    evil = frame.assign(**{EVIL_NAME: "x", "symbol": EVIL_NAME})
    both = pd.concat([evil, frame.assign(**{EVIL_NAME: EVIL, "symbol": "BTC-EUR"})])
    page.goto(f"{hostile_url}/data")
    chooser = page.locator("input[type=file]")
    content = both.to_csv().encode()
    chooser.set_input_files({"name": f"{EVIL_NAME}.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_text("(Series, below)")).to_be_visible()
    settled(page)
    assert page.evaluate(FOREIGN) == []
    series = page.get_by_role("combobox", name="Series")
    series.scroll_into_view_if_needed()
    series.click()
    page.get_by_role("option").nth(1).click()
    expect(page.get_by_role("heading", name="Read as 400 hours")).to_be_visible()
    settled(page)
    assert page.evaluate(FOREIGN) == []
    page.get_by_role("button", name="Check these prices").click()
    page.get_by_text("All checks").click()
    settled(page)
    assert page.evaluate(FOREIGN) == []
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert HOST in page.locator(".js-plotly-plot .gtitle").first.inner_html()
    page.get_by_role("button", name="Forecast these prices").click()
    expect(page.get_by_role("heading", name="80 % likely")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    settled(page)
    page.locator(".js-plotly-plot").first.hover()
    assert page.evaluate(FOREIGN) == []
    assert watch.foreign == []


def test_every_text_is_shown_letter_by_letter_in_every_element(
    watch: Watch, page: Page, tmp_path: Path
):
    script = tmp_path / "elements.py"
    script.write_text(ELEMENTS)
    with serving.streamlit(tmp_path, script=str(script)) as address:
        page.goto(f"{address}/?escaped=1")
        page.wait_for_selector("#end", state="attached")
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        assert [one for one in page.evaluate(FOREIGN) if "#" not in one] == []
        shown = page.evaluate(
            "n => [...Array(n).keys()].map(i => document.querySelector(`.st-key-text-${i}`)"
            ".textContent.replace(/\\s+/g, ' '))",
            len(TEXTS),
        )
        # A metric shows a text three times, each other element once.
        few = [text for text, words in zip(TEXTS, shown, strict=True) if words.count(text) < 11]
        assert few == []
        chosen = page.locator("[data-testid=stMultiSelect], [data-testid=stButtonGroup]")
        for group in chosen.all():
            assert [text for text in TEXTS if text not in group.inner_text()] == []
        assert watch.foreign == []

        # The control: the same page without escaping shows links, images and formulas, and asks.
        page.goto(address)
        page.wait_for_selector("#end", state="attached")
        page.wait_for_selector(".katex")
        assert len(page.evaluate(FOREIGN)) > 50
        assert [url for url in watch.foreign if HOST in url]


def test_a_report_runs_nothing_of_a_stranger(watch: Watch, page: Page, tmp_path: Path):
    history = synthetic.history(500, coin=EVIL, source=EVIL, notes=(EVIL,))
    spec = specs.make(network="cone", horizon=1)
    result = backtest.holdout(history, spec, baselines=("naive", "cone"))
    document = html_report.page(Analyses(), result)
    path = tmp_path / "report.html"
    path.write_text(document, "utf-8")
    page.goto(path.as_uri())
    expect(page.locator(".js-plotly-plot .gtitle").first).to_be_visible()
    assert page.evaluate(FOREIGN.replace("ours = location.origin", "ours = 'file:'")) == []
    assert watch.complaints == []

    path.write_text(f"<meta charset=utf-8>{Prices(history)._repr_html_()}", "utf-8")
    page.goto(path.as_uri())
    expect(page.get_by_text(EVIL).first).to_be_visible()
    assert page.evaluate(FOREIGN.replace("ours = location.origin", "ours = 'file:'")) == []

    # Were a text not escaped, the browser would run none of it and ask nobody.
    path.write_text(document.replace("<h1>", f"<h1>{EVIL}<script>window.ran=1</script>", 1))
    page.goto(path.as_uri())
    expect(page.locator(".js-plotly-plot .gtitle").first).to_be_visible()
    assert page.evaluate("() => window.ran") is None
    assert watch.foreign == []
