"""Answers are kept in bounds, made once however many ask, and gone with what they are about."""

from __future__ import annotations

import concurrent.futures
import gc
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.cache import LruCache, LruCaches


def test_an_answer_is_made_once() -> None:
    memo: LruCache[list[int]] = LruCache(2)
    first = memo.answer("key", lambda: [1])
    assert memo.answer("key", lambda: [2]) is first
    assert memo.get("key") is first
    assert memo.get("other") is None
    memo.drop("key")
    memo.drop("key")
    assert memo.answer("key", lambda: [2]) == [2]


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 5))
def test_the_least_recently_used_are_dropped(keys: list[int], most: int) -> None:
    memo: LruCache[int] = LruCache(most)
    for key in keys:
        memo.answer(key, lambda key=key: key)  # type: ignore[misc]
    recent = list(dict.fromkeys(reversed(keys)))
    assert {key for key in range(10) if key in memo} == set(recent[:most])
    assert len(memo) == len(recent[:most])


def test_answers_count_by_their_weight_and_the_newest_stays() -> None:
    memo: LruCache[str] = LruCache(10, len)
    for key in ("aaaa", "bbbb", "cccc"):
        memo.put(key, key)
    assert "aaaa" not in memo
    memo.put("large", "x" * 50)
    assert (len(memo), memo.get("large")) == (1, "x" * 50)
    memo.clear()
    assert len(memo) == 0


def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    memo: LruCache[object] = LruCache(5)
    asked, go_on = [], threading.Event()

    def make() -> object:
        asked.append(1)
        assert go_on.wait(20)
        return object()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(memo.answer, "slow", make) for _ in range(3)]
        assert pool.submit(memo.answer, "other", lambda: 7).result(20) == 7  # is held up by none
        while [place.taken for place in memo._answering.values()] != [3]:
            pass
        go_on.set()
        answers = {id(one.result(20)) for one in waiting}
    assert (len(asked), len(answers)) == (1, 1)
    assert not memo._answering


def test_after_a_failure_the_next_one_tries_again() -> None:
    memo: LruCache[int] = LruCache(5)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        memo.answer("key", fail)
    assert memo.answer("key", lambda: 3) == 3
    assert not memo._answering


def test_a_memo_goes_with_what_it_is_about() -> None:
    class Thing:
        pass

    memos: LruCaches[object] = LruCaches(3)
    thing, answer = Thing(), Thing()
    kept = weakref.ref(answer)
    memos.of(thing).put("key", answer)
    assert memos.of(thing).get("key") is answer
    del answer
    gc.collect()
    assert kept() is not None
    del thing
    gc.collect()
    assert kept() is None
