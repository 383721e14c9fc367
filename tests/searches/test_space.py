"""Spaces: the default one, those of files, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import specs
from cryptoforecast.searches import space
from cryptoforecast.searches.space import SEARCHABLE, Choice, Range


@pytest.mark.parametrize("rows", [600, 5_000, 400_000])
@pytest.mark.parametrize("volume", [True, False])
def test_the_default_preset_is_one_of_the_choices(rows: int, volume: bool) -> None:
    spec = specs.make(rows=rows, volume=volume)
    chosen = space.default(spec, volume=volume)
    values = space.values_of(chosen, spec)
    assert values is not None
    assert values["features"] == spec.features
    inputs = chosen["features"]
    assert isinstance(inputs, Choice)
    for network in specs.NETWORKS:
        for names in inputs.values:
            specs.make(network=network, rows=rows, volume=volume, features=names, lookback=12)
    assert any("volume" in names for names in inputs.values) or not volume  # type: ignore[operator]


def test_what_is_fixed_is_not_searched() -> None:
    spec = specs.make()
    chosen = space.default(spec, volume=True, fixed={"network", "units"})
    assert {*chosen} == {"features", "lookback", "dropout", "learning_rate", "loss"}
    with pytest.raises(InvalidInput, match="Leave some of them open"):
        space.default(spec, volume=True, fixed=SEARCHABLE)


def test_json_and_toml_say_the_same(tmp_path: Path) -> None:
    plain = {
        "lookback": [12, 24],
        "units": [[32], [64, 32]],
        "features": [["return"], ["return", "volume"]],
        "dropout": {"low": 0.0, "high": 0.5, "step": 0.1},
        "learning_rate": {"low": 0.0005, "high": 0.01, "log": True},
    }
    (tmp_path / "space.json").write_text(json.dumps(plain))
    (tmp_path / "space.toml").write_text(
        "lookback = [12, 24]\nunits = [[32], [64, 32]]\n"
        'features = [["return"], ["return", "volume"]]\n'
        "dropout = {low = 0.0, high = 0.5, step = 0.1}\n"
        "learning_rate = {low = 5e-4, high = 1e-2, log = true}\n"
    )
    first, second = (space.read(tmp_path / f"space.{kind}") for kind in ("json", "toml"))
    assert first == second == space.parse(plain)
    assert first["units"] == Choice(((32,), (64, 32)))
    assert first["learning_rate"] == Range(5e-4, 1e-2, log=True)
    assert space.plain(first) == plain


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "settings by name"),
        ([], "settings by name"),
        ({"seed": [1, 2]}, "'seed'"),
        ({"horizon": [1, 2]}, "'horizon'"),
        ({"lookback": []}, "1 to 50 different values"),
        ({"lookback": [12, 12]}, "1 to 50 different values"),
        ({"lookback": list(range(100))}, "1 to 50 different values"),
        ({"lookback": [12.5]}, "must be like 60"),
        ({"lookback": [True]}, "must be like 60"),
        ({"lookback": ["12"]}, "must be like 60"),
        ({"units": [64]}, "must be like lists"),
        ({"units": [["64"]]}, "must be like lists"),
        ({"features": [["x" * 10_000]]}, "must be like lists"),
        ({"lookback": 12}, "list of values, or a range"),
        ({"lookback": {"low": 12}}, "must have low and high"),
        ({"lookback": {"low": 12, "high": 24, "by": 2}}, "must have low and high"),
        ({"lookback": {"low": 12.0, "high": 24}}, "whole numbers"),
        ({"lookback": {"low": 24, "high": 12}}, "low below high"),
        ({"lookback": {"low": 1, "high": 10**9}}, "between 2 and 500"),
        ({"lookback": {"low": 12, "high": 24, "step": 0}}, "with a step"),
        ({"dropout": {"low": 0.0, "high": 0.5, "log": True}}, "from above 0"),
        ({"dropout": {"low": float("nan"), "high": 0.5}}, "low below high"),
        ({"network": {"low": 1, "high": 2}}, "has no range"),
    ],
)
def test_what_is_no_space_is_refused_with_the_reason(content: object, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        space.parse(content)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 500


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*SEARCHABLE, "low", "high"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_whatever_a_file_holds_is_a_space_or_our_error(content: object) -> None:
    try:
        chosen = space.parse(content)
    except InvalidInput:
        return
    assert space.parse(space.plain(chosen)) == chosen


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"\xff\xfe"),
        ("a.json", b"{"),
        ("a.json", b"[" * 50_000),
        ("a.toml", b"lookback = [1"),
        ("a.json", b" " * 200_000),
    ],
)
def test_a_hostile_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput):
        space.read(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="JSON or TOML file"):
        space.read(tmp_path / "none.json")
