"""The Models page in a browser: rows are ticked, renamed, downloaded, compared and deleted."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cryptoforecast.learning import bundles
from tests import serving

MODELS = Path(__file__).resolve().parent.parent.parent / "models"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    shutil.copytree(MODELS / "btc-1h-dense", path / "models" / "mine")
    return path


@pytest.fixture(scope="module")
def own_url(home: Path) -> Iterator[str]:
    with serving.streamlit(home) as address:
        yield address


def tick(page: Page, row: int, x: int = 17) -> None:
    """Tick a row, or click its name: the table is a picture, so its places count."""
    page.get_by_test_id("stDataFrame").locator("canvas").first.click(
        position={"x": x, "y": 35 + 40 * row - 20}, force=True
    )


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_model_is_renamed_taken_along_compared_and_deleted(own_url: str, home: Path, page: Page):
    page.goto(f"{own_url}/models")
    panel = page.get_by_role("heading", level=2)
    expect(panel).to_have_text("mine")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("?!")
    page.get_by_test_id("stDialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_text("1 to 64 small letters")).to_be_visible()
    page.get_by_label("New name").fill("renamed")
    page.get_by_test_id("stDialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_text("Renamed mine to renamed.")).to_be_visible()
    expect(panel).to_have_text("renamed")
    assert bundles.names(home / "models") == ["renamed"]

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download", exact=True).click()
    assert waiting.value.suggested_filename == "renamed.zip"
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as archive:
        assert sorted(archive.namelist()) == ["renamed/bundle.json", "renamed/weights.npz"]

    # One model is compared on several coins, several ones on the same prices.
    page.get_by_role("button", name="Compare coins").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("“the price stays put” on")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    page.get_by_role("button", name="All models").click()
    compare = page.get_by_role("button", name="Compare", exact=True)
    tick(page, 3)
    expect(panel).to_have_text("Bitcoin LSTM")  # the one that was ticked last
    tick(page, 2, x=90)
    expect(panel).to_have_text("Bitcoin Dense")  # its name was clicked
    compare.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("chance")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    assert "compare=renamed" in page.url
    page.get_by_role("button", name="All models").click()

    page.goto(f"{own_url}/models?card=renamed")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Deleted renamed.")).to_be_visible()
    assert bundles.names(home / "models") == []
    page.goto(f"{own_url}/models?card=renamed")
    expect(panel).to_contain_text("This model is not here")


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_forecast_with_it_takes_coin_and_candles_along(own_url: str, page: Page):
    page.goto(f"{own_url}/models?card=global-1d-lstm")
    page.get_by_role("button", name="Forecast with it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("likely")
    for part in ("model=global-1d-lstm", "interval=1d", "coin=BTC"):
        assert part in page.url
