"""How fast pages are there, and how heavy their figures: against Streamlit's own simplest pages.

    pip install -r requirements-dev.txt     # Playwright, for what a browser shows
    python -m benchmarks.pages [--repeats 5]

*Start* counts from the start of the process: until its first answer, and until the landing page's
script has run for a user who comes at once, with the verdict and every figure. The peers are
``streamlit hello`` as it comes, and with our settings, which spare it watching files. *Browser*
counts from navigation until Chromium, whose cache is empty, shows the verdict, and until Plotly has
drawn the first chart, on a server that has settled. The peer is ``benchmarks/peers/one_chart.py``,
a header and one chart. *Rerun* counts from the user's message until the script has finished, on the
server alone, after the first run, which may still have to judge the model; the history is a file of
71,000 hourly candles. *Figures* is the JSON of each, with the largest windows and that file.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks import browser, measure, server
from benchmarks.page_client import PageClient, Shown
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.prices import simulate
from cryptoforecast.settings import ROOT
from cryptoforecast.ui import inputs, market

ROWS = 71_000
RERUNS = 20
HEADLINE = "stays put|Too few past forecasts"
OURS = "CryptoForecast"
HELLO, HELLO_OURS = "streamlit hello", "streamlit hello with our settings"
CHART = ".js-plotly-plot .main-svg"
#: A page as small as one with a chart can be.
PEER, ONE_CHART = "benchmarks/peers/one_chart.py", "chart of a page with nothing else"
VERDICT_SEEN, CHART_SEEN = "verdict", "first chart, interactive"
#: Notes in the page when the verdict is painted: Plotly's script keeps the page busy for a second,
#: and whoever asks from outside is answered afterwards.
_NOTE_VERDICT = """pattern => {
  const observer = new MutationObserver(() => {
    const headings = [...document.querySelectorAll("h1, h2, h3")];
    if (!headings.some(heading => pattern.test(heading.textContent))) return;
    observer.disconnect();
    requestAnimationFrame(() => { window.verdictSeen = performance.now(); });
  });
  observer.observe(document, { childList: true, subtree: true, characterData: true });
}"""
_SETTLE = 8.0
NO_XSRF = "--server.enableXsrfProtection=false"  # a user without a browser has no cookie


def main() -> None:
    """Measure in turns, print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    args = parser.parse_args()
    starts: dict[str, list[float]] = {}
    seen: dict[str, list[float]] = {name: [] for name in (VERDICT_SEEN, CHART_SEEN, ONE_CHART)}
    reruns: dict[str, list[float]] = {}
    figures: dict[str, int] = {}
    content = price_file(ROWS)
    for number in range(args.repeats):
        print(f"round {number + 1} of {args.repeats} ...", file=sys.stderr, flush=True)
        for name, command, folder in (
            (OURS, ["run", "app.py"], ROOT),
            (HELLO, ["hello"], Path(tempfile.gettempdir())),
            (HELLO_OURS, ["hello"], ROOT),
        ):
            for until, seconds in _start(command, folder).items():
                starts.setdefault(f"{until}, {name}", []).append(seconds)
        with server.serve(["streamlit", "run", PEER], "--server.port={}") as peer:
            time.sleep(_SETTLE)
            seen[ONE_CHART].append(_chart(peer.url))
        with server.app(NO_XSRF) as one:
            time.sleep(_SETTLE)
            for what, seconds in _landing(one.url).items():
                seen[what].append(seconds)
            with PageClient(one.url) as client:
                if not figures:
                    figures |= _largest(client)
                values, more = _reruns(client, content)
            figures |= more
            for page, seconds in values.items():
                reruns.setdefault(page, []).append(seconds)
    raw = {"start": starts, "browser": seen, "reruns": reruns, "figures": figures}
    measure.publish("pages", "python -m benchmarks.pages", _rows(starts, seen, reruns), raw)
    print("\n" + measure.table(_weights(figures)))


def _rows(
    starts: dict[str, list[float]], seen: dict[str, list[float]], reruns: dict[str, list[float]]
) -> list[dict[str, str]]:
    rows = []
    for name, values in sorted(starts.items()):
        until, _, _ = name.partition(",")
        ours = measure.ratio(starts[f"{until}, {OURS}"], values)
        rows.append(
            {
                "": f"start to {name}",
                "seconds": measure.spread(values),
                "ours / theirs": f"{ours:.2f}",
            }
        )
    rows += [
        {
            "": f"browser, to the {name}",
            "seconds": measure.spread(values),
            "ours / theirs": f"{measure.ratio(seen[CHART_SEEN], values):.2f}"
            if name in (CHART_SEEN, ONE_CHART)
            else "",
        }
        for name, values in seen.items()
    ]
    rows += [
        {"": f"rerun, {name}", "seconds": measure.spread(values, 3), "ours / theirs": ""}
        for name, values in reruns.items()
    ]
    return rows


def _weights(figures: dict[str, int]) -> list[dict[str, str]]:
    """List the heaviest variant of each figure of each page."""
    heaviest: dict[str, tuple[int, str]] = {}
    for name, size in figures.items():
        chart, _, where = name.partition(" of ")
        heaviest[chart] = max(heaviest.get(chart, (0, "")), (size, where))
    return [
        {"figure": chart, "largest, kB": f"{size / 1000:.0f}", "on": where}
        for chart, (size, where) in sorted(heaviest.items(), key=lambda one: -one[1][0])
    ]


def price_file(rows: int) -> bytes:
    """Write a CSV file of simulated hours; beyond what there is they go back and forth."""
    candles = simulate("BTC", "1h", end=pd.Timestamp("2025-01-01", tz="UTC")).candles
    parts = [candles.iloc[::-1] if i % 2 else candles for i in range(-(-rows // len(candles)))]
    frame = pd.concat(parts[::-1]).tail(rows)
    frame.index = pd.date_range(end=candles.index[-1], periods=rows, freq="1h", name="time")
    text = io.StringIO()
    frame.to_csv(text, float_format="%.2f")
    return text.getvalue().encode()


def _start(words: list[str], folder: Path) -> dict[str, float]:
    """Return the seconds until a new process answers, and until its landing page has run."""
    began = time.perf_counter()
    with (
        server.serve(["streamlit", *words], "--server.port={}", folder=folder) as one,
        PageClient(one.url) as client,
    ):
        client.open()
        return {"first answer": one.seconds, "first page": time.perf_counter() - began}


def _landing(url: str) -> dict[str, float]:
    """Return the seconds until a browser shows the verdict, and the first chart."""
    with browser.tab() as page:
        page.add_init_script(f"({_NOTE_VERDICT})(/{HEADLINE}/)")
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator(CHART).first.wait_for()
        drawn = time.perf_counter() - began
        return {VERDICT_SEEN: page.evaluate("window.verdictSeen") / 1000, CHART_SEEN: drawn}


def _chart(url: str) -> float:
    """Return the seconds from navigation until a browser shows the first chart."""
    with browser.tab() as page:
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator(CHART).first.wait_for()
        return time.perf_counter() - began


def _reruns(client: PageClient, content: bytes) -> tuple[dict[str, float], dict[str, int]]:
    """Upload the file; time reruns of the pages it is shown on, and weigh their figures."""
    client.open("data")
    first = client.upload("upload", "BTCUSDT-1h.csv", content)
    name = client.file()
    seconds, figures = {}, _named(first, "data, file")
    seconds["Data"] = _rerun(client)
    for model in ("btc-1h-lstm-close", "btc-1h-dense", *BASELINES):
        shown = client.open(coin=name, model=model)
        if "fan" not in shown.figures:
            sys.exit(f"The Forecast page of the file has no forecast: {shown.messages}")
        figures |= _named(shown, f"forecast, file, {model}")
        seconds[f"Forecast, {model}"] = _rerun(client)
    client.open("market", coin="BTC", span_1h="2 years")
    seconds["Market, 2 years"] = _rerun(client)
    client.open("models")
    seconds["Models"] = _rerun(client)
    return seconds, figures


def _rerun(client: PageClient) -> float:
    """Return the median seconds of a rerun."""
    return statistics.median(client.rerun().seconds for _ in range(RERUNS))


def _largest(client: PageClient) -> dict[str, int]:
    """Weigh the figures of every page with the longest window of every candle length."""
    figures: dict[str, int] = {}
    for interval, windows in inputs.WINDOWS.items():
        query = {"interval": interval, f"history_{interval}": list(windows)[-1]}
        figures |= _named(client.open(**query), f"forecast, {interval}, {list(windows)[-1]}")
    for interval, spans in market.SPANS.items():
        for span in spans:
            query = {"interval": interval, f"span_{interval}": span}
            figures |= _named(client.open("market", **query), f"market, {interval}, {span}")
    return figures


def _named(shown: Shown, where: str) -> dict[str, int]:
    return {f"{chart} of {where}": size for chart, size in shown.figures.items()}


if __name__ == "__main__":
    main()
