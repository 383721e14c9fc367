"""Colours stand out from the page, and prices have the decimals that fit their size."""

import math

import numpy as np
import pytest

from cryptoforecast.charts import style


@pytest.mark.parametrize("theme", [style.LIGHT, style.DARK])
def test_lines_stand_out_from_the_page(theme):
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    page = luminance(theme.surface)
    for colour, least in ((theme.ink, 7), (theme.faint, 4.5), (theme.strong, 3), (theme.calm, 3)):
        light, dark = sorted((page, luminance(colour)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (64123.456, "$64,123.46"),
        (1.5, "$1.500"),
        (0.00001234, "$0.00001234"),
        (-12.3, "-$12.30"),
        (0.0, "$0.00"),
        (math.nan, "unknown"),
    ],
)
def test_money_has_the_decimals_its_size_calls_for(price, text):
    assert style.money(price) == text
