"""Values are bounded, made once for all threads, and gone with what they belong to."""

from __future__ import annotations

import concurrent.futures
import gc
import threading
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.cache import LruCache, LruCaches

#: Seconds after which a thread that should have gone on counts as stuck.
PATIENCE = 20


class Thing:
    """Something that can be referred to weakly."""


def test_a_value_is_made_once() -> None:
    cache: LruCache[list[int]] = LruCache(2)
    first = cache.get_or_make("key", lambda: [1])
    assert cache.get_or_make("key", lambda: [2]) is first
    assert cache.get("key") is first
    assert cache.get("other") is None
    cache.drop("key")
    cache.drop("key")
    assert cache.get_or_make("key", lambda: [2]) == [2]


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 5))
def test_the_least_recently_used_are_dropped(keys: list[int], capacity: int) -> None:
    cache: LruCache[int] = LruCache(capacity)
    for key in keys:
        cache.get_or_make(key, lambda key=key: key)  # type: ignore[misc]
    recent = list(dict.fromkeys(reversed(keys)))
    assert {key for key in range(10) if key in cache} == set(recent[:capacity])
    assert len(cache) == len(recent[:capacity])


@pytest.mark.parametrize("use", ["get", "put"])
def test_reading_and_replacing_a_value_both_count_as_use(use: str) -> None:
    cache: LruCache[int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1 if use == "get" else cache.put("a", 3) is None
    cache.put("c", 4)
    assert [key in cache for key in "abc"] == [True, False, True]


def test_the_values_used_last_stay_whatever_their_weight() -> None:
    cache: LruCache[str] = LruCache(8, len, least=2)
    for key in "abc":
        cache.put(key, "x" * 9)
    assert [key in cache for key in "abc"] == [False, True, True]


def test_a_full_cache_drops_nothing_until_one_more_comes() -> None:
    cache: LruCache[str] = LruCache(8, len)
    cache.put("a", "xxxx")
    cache.put("b", "xxxx")
    assert len(cache) == 2
    cache.put("c", "x")
    assert [key in cache for key in "abc"] == [False, True, True]


def test_the_newest_value_stays_whatever_its_weight() -> None:
    cache: LruCache[str] = LruCache(10, len)
    for key in ("aaaa", "bbbb", "cccc"):
        cache.put(key, key)
    assert "aaaa" not in cache
    cache.put("large", "x" * 50)
    assert (len(cache), cache.get("large")) == (1, "x" * 50)


def test_threads_that_want_the_same_key_wait_for_one_value() -> None:
    cache: LruCache[object] = LruCache(5)
    calls: list[int] = []
    making, go_on = threading.Event(), threading.Event()
    starting = threading.Barrier(3)

    def make() -> object:
        calls.append(1)
        making.set()
        assert go_on.wait(PATIENCE)
        return Thing()

    def want() -> object:
        starting.wait(PATIENCE)
        return cache.get_or_make("slow", make)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        try:
            waiting = [pool.submit(want) for _ in range(3)]
            assert making.wait(PATIENCE)
            time.sleep(0.1)  # the two others arrive; without the lock they would make it too
            other = pool.submit(cache.get_or_make, "other", lambda: 7)
            assert other.result(PATIENCE) == 7  # another key waits for nobody
        finally:
            go_on.set()
        values = {id(one.result(PATIENCE)) for one in waiting}
    assert (len(calls), len(values)) == (1, 1)


def test_after_a_failure_the_next_thread_makes_the_value() -> None:
    cache: LruCache[int] = LruCache(5)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get_or_make("key", fail)
    assert cache.get_or_make("key", lambda: 3) == 3


def test_a_dropped_key_is_held_by_nothing() -> None:
    cache: LruCache[int] = LruCache(1)
    key = Thing()
    reference = weakref.ref(key)
    cache.get_or_make(key, lambda: 1)
    cache.put("other", 2)
    del key
    gc.collect()
    assert reference() is None


def test_a_cache_goes_with_the_object_it_belongs_to() -> None:
    caches: LruCaches[object] = LruCaches(3)
    owner, value = Thing(), Thing()
    reference = weakref.ref(value)
    caches.of(owner).put("key", value)
    assert caches.of(owner).get("key") is value
    del value
    gc.collect()
    assert reference() is not None
    del owner
    gc.collect()
    assert reference() is None


def test_the_caches_of_all_objects_have_the_same_capacity() -> None:
    caches: LruCaches[int] = LruCaches(3)
    owner = Thing()
    for number in range(4):
        caches.of(owner).put(number, number)
    assert [number in caches.of(owner) for number in range(4)] == [False, True, True, True]
