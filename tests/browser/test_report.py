"""The HTML report in a browser: nothing is too wide, and every text can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptoforecast import html_report
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest, WalkForward, WalkPlan
from tests import synthetic
from tests.browser.waiting import until

#: Tags and texts of what stands out of the window, or out of its own box.
WIDE = """() => {
    document.querySelectorAll('details').forEach(each => { each.open = true; });
    const outside = each => {
        const box = each.getBoundingClientRect();
        return box.width > 0 && (box.left < -1 || box.right > innerWidth + 1);
    };
    const cut = each => each.matches('table,td,th,p,h1,section')
        && each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1;
    return [...document.querySelectorAll('main *')]
        .filter(each => !each.closest('svg') && (outside(each) || cut(each)))
        .map(each => `${each.tagName} ${each.textContent.slice(0, 40)}`);
}"""
#: Texts whose contrast with what is behind them is below 4.5, with it.
FAINT = r"""() => {
    const numbers = colour => colour.match(/[\d.]+/g).map(Number);
    const light = colour => {
        const [red, green, blue] = colour.map(part => {
            const share = part / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = each => {
        for (; each; each = each.parentElement) {
            const [red, green, blue, alpha = 1] = numbers(getComputedStyle(each).backgroundColor);
            if (alpha > 0) return [red, green, blue];
        }
        return [255, 255, 255];
    };
    const contrast = each => {
        const style = getComputedStyle(each), drawn = each.closest('svg') !== null;
        const [red, green, blue, alpha = 1] = numbers(drawn ? style.fill : style.color);
        const opacity = alpha * style.opacity * (drawn ? style.fillOpacity : 1);
        const back = behind(each);
        const front = [red, green, blue].map((c, i) => c * opacity + back[i] * (1 - opacity));
        const [more, less] = [light(front), light(back)].sort((a, b) => b - a);
        return (more + 0.05) / (less + 0.05);
    };
    const written = each => [...each.childNodes].some(
        child => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
    return [...document.querySelectorAll('main *')]
        .filter(each => written(each) && !each.closest('.modebar') && contrast(each) < 4.5)
        .map(each => `${contrast(each).toFixed(2)} ${each.textContent.slice(0, 40)}`);
}"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the report of a saved network, and that of a walk-forward test."""
    model = synthetic.model(synthetic.spec(network="lstm", horizon=4))
    history = synthetic.history(1500, simulated=True)
    single = backtest.holdout(history, model.spec, model, baselines=("drift", "linear"))
    spec = specs.make(network="drift", horizon=2)
    walked = walk_forward.run(synthetic.history(1500), spec, WalkPlan(folds=3), baselines=())
    folder = tmp_path_factory.mktemp("reports")
    tests: dict[str, tuple[Backtest, WalkForward | None, str]] = {
        "network": (single, None, "a-saved-model-with-a-long-name"),
        "folds": (walked.backtest, walked, ""),
    }
    for name, (result, walk, saved) in tests.items():
        text = html_report.page(Analyses(), result, walk, saved=saved)
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in tests}


@pytest.mark.parametrize("name", ["network", "folds"])
def test_every_table_fits_and_every_text_can_be_read(browser, reports, name):
    context = browser.new_context()
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.goto(reports[name].as_uri())
    until(tab, "document.querySelectorAll('.js-plotly-plot .xtick').length > 9")
    for width, height in ((1280, 800), (390, 844)):
        tab.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            assert tab.evaluate(FAINT) == []
        # Figures follow the width of the window a moment later.
        until(tab, "document.documentElement.scrollWidth <= innerWidth")
        assert tab.evaluate(WIDE) == []
    assert tab.locator("h1").count() == 1
    assert complaints == []
    context.close()
