"""Values in memory, within a bound: each is made once, and the least recently used goes first."""

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
class _KeyLock:
    """The lock of one key, and how many threads hold it or wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


class LruCache(Generic[Value]):
    """Values by key; the least recently used are dropped first. Safe for several threads.

    ``None`` cannot be a value.

    Args:
        capacity: Sum of the weights that fit in.
        weigh: Returns the weight of a value; every value weighs 1 by default.
        least: Values that stay, whatever their weight: those used last.
    """

    def __init__(
        self, capacity: float, weigh: Callable[[Value], float] = lambda _: 1, least: int = 1
    ) -> None:
        self._capacity = capacity
        self._weigh = weigh
        self._least = least
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._key_locks: dict[Hashable, _KeyLock] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable) -> Value | None:
        """Return the value of a key, or ``None`` if there is none."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        """Set the value of a key, and drop others as far as needed."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._least and self._weight() > self._capacity:
                self._values.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Drop a key, if it is there."""
        with self._lock:
            self._values.pop(key, None)

    def get_or_make(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key; where there is none, make it and set it.

        Other threads that want the same key meanwhile wait for the value. If ``make`` raises, the
        key stays without a value, and the next thread makes it.

        Args:
            key: Names the value.
            make: Returns the value.
        """
        with self._holding(key):
            value = self.get(key)
            if value is None:
                value = make()
                self.put(key, value)
            return value

    def _weight(self) -> float:
        return sum(map(self._weigh, self._values.values()))

    @contextmanager
    def _holding(self, key: Hashable) -> Iterator[None]:
        """Let one thread at a time hold a key."""
        with self._lock:
            key_lock = self._key_locks.setdefault(key, _KeyLock())
            key_lock.threads += 1
        try:
            with key_lock.lock:
                yield
        finally:
            with self._lock:
                key_lock.threads -= 1
                if not key_lock.threads:
                    del self._key_locks[key]


class LruCaches(Generic[Value]):
    """A cache for each of several objects, dropped together with its object.

    Args:
        capacity: Values in each cache. No value may refer to the object itself.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._caches: WeakKeyDictionary[object, LruCache[Value]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, owner: object) -> LruCache[Value]:
        """Return the cache of an object; it is empty at first."""
        with self._lock:
            return self._caches.setdefault(owner, LruCache(self._capacity))
