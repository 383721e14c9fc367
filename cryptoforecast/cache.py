"""Answers kept in memory: a bounded number of them, each worked out once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

Value = TypeVar("Value")


@dataclass
class _Place:
    """A question that is being answered, and how many threads are at it or wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    taken: int = 0


class LruCache(Generic[Value]):
    """Keeps answers by their questions, and drops the least recently used; for many threads.

    None is no answer.

    Args:
        most: how much is kept, in the units of ``weigh``; the newest answer is kept in any case.
        weigh: how much an answer counts; each as one by default.
    """

    def __init__(self, most: float, weigh: Callable[[Value], float] = lambda _: 1) -> None:
        self.most = most
        self._weigh = weigh
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._answering: dict[Hashable, _Place] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def get(self, key: Hashable) -> Value | None:
        """Return a kept answer, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        """Keep an answer in place of any other to the same question."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(map(self._weigh, self._kept.values())) > self.most:
                self._kept.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Forget an answer, if it is kept."""
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._kept.clear()

    def answer(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the kept answer, else what ``make`` gives, and keep that.

        Whoever asks the same meanwhile waits for it. Where ``make`` raises, nothing is kept and
        the next to ask tries again.
        """
        with self._alone(key):
            known = self.get(key)
            if known is None:
                known = make()
                self.put(key, known)
            return known

    @contextmanager
    def _alone(self, key: Hashable) -> Iterator[None]:
        """Let one thread at a time answer the same question."""
        with self._lock:
            place = self._answering.setdefault(key, _Place())
            place.taken += 1
        try:
            with place.lock:
                yield
        finally:
            with self._lock:
                place.taken -= 1
                if not place.taken:
                    del self._answering[key]


class LruCaches(Generic[Value]):
    """A memo for each of several things, gone with the thing it is about.

    Args:
        most: answers kept about each. None may hold the thing itself.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._memos: WeakKeyDictionary[object, LruCache[Value]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, thing: object) -> LruCache[Value]:
        """Return the memo about a thing, empty at first."""
        with self._lock:
            return self._memos.setdefault(thing, LruCache(self._most))
