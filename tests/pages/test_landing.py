"""What the server computes before the first user is what the landing page shows."""

from __future__ import annotations

from cryptoforecast import charts
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting import next_steps
from cryptoforecast.service import shared
from cryptoforecast.ui import landing


def computed_again(*_: object, **__: object) -> None:
    raise CryptoForecastError("This was computed again.")


def test_the_first_user_waits_for_no_test_and_no_figure(open_page, monkeypatch):
    landing.preload(shared())
    monkeypatch.setattr(backtest, "saved", computed_again)
    monkeypatch.setattr(next_steps, "of_model", computed_again)
    monkeypatch.setattr(charts, "fan", computed_again)
    page = open_page()
    assert not page.error
    assert len(page.get("plotly_chart")) == 1
