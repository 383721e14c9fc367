"""What a host sent is parsed while it has few enough parts, and shown in one line."""

from __future__ import annotations

import pytest

from cryptoforecast.prices.live import documents


@pytest.mark.parametrize("part", [b"[", b"{", b":"])
def test_the_parts_of_a_document_are_bounded(part: bytes) -> None:
    assert documents.fits(part * 50_000)
    assert not documents.fits(part * 50_001)
    with pytest.raises(ValueError, match="too many parts"):
        documents.parse(part * 50_001)


def test_a_text_is_shown_in_one_line_of_so_many_characters() -> None:
    assert documents.plain("a\x1b[2J\nb") == "a [2J b"
    assert documents.plain("x" * 201) == "x" * 200
    assert documents.plain(" " * 30 + "x" * 20, 10) == "x" * 10
    assert documents.plain(" " * 40 + "x", 10) == ""


def test_strict_json_has_no_constants_of_python() -> None:
    assert documents.parse(b"[Infinity]") == [float("inf")]
    with pytest.raises(ValueError, match="Infinity is not JSON"):
        documents.parse(b"[Infinity]", strict=True)
