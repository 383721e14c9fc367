"""One prediction begins in each round of the event loop."""

import asyncio

import pytest

from cryptoforecast.server.connections import Unwatched
from cryptoforecast.server.turns import Turns
from tests.serving import finished


def began(
    count: int, cancelled: tuple[int, ...] = (), closed: tuple[int, ...] = ()
) -> list[tuple[int, int]]:
    """Return the request and the round of each beginning, of so many requests at once."""

    async def main() -> list[tuple[int, int]]:
        turns, found, now = Turns(), [], 0
        places = [Unwatched() for _ in range(count)]

        async def request(number: int) -> None:
            await turns.wait(places[number])
            found.append((number, now))

        tasks = [asyncio.ensure_future(request(number)) for number in range(count)]
        await asyncio.sleep(0)
        for number in cancelled:
            tasks[number].cancel()
        for number in closed:
            places[number].closed = True
        while not all(task.done() for task in tasks):
            now += 1
            await asyncio.sleep(0)
        return found

    return finished(main)


def test_the_first_that_comes_does_not_wait():
    assert began(1) == [(0, 0)]


def test_one_begins_in_each_round_in_the_order_in_which_they_came():
    found = began(6)
    assert [number for number, _ in found] == [0, 1, 2, 3, 4, 5]
    rounds = [each for _, each in found]
    assert len(set(rounds)) == 6, rounds


def test_one_that_has_left_the_line_takes_nobodys_turn():
    (first, _), (last, turn) = began(4, cancelled=(1, 2))
    assert (first, last) == (0, 3)
    assert turn == began(2)[-1][1]


def test_where_the_connection_is_closed_it_is_nobodys_turn():
    found = began(4, closed=(1, 2))
    assert [number for number, _ in found] == [0, 1, 2, 3]
    assert len({turn for _, turn in found[1:]}) == 1


def test_after_the_line_the_next_does_not_wait_either():
    async def main() -> None:
        turns = Turns()
        await asyncio.gather(*(turns.wait(Unwatched()) for _ in range(3)))
        await asyncio.sleep(0)
        with pytest.raises(StopIteration):
            turns.wait(Unwatched()).send(None)

    finished(main)
