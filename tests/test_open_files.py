"""Opened files: whose files make room, who can read them, and when they go."""

import threading
import time

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import PriceService
from cryptoforecast.service.open_files import KEEP_SECONDS, OpenFiles
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery, User
from tests import synthetic

ANN, BOB, EVE = (User(name, owner=False) for name in ("ann", "bob", "eve"))


@pytest.fixture
def prices(home):
    return PriceService(Settings(home, live=False, session_candles=2000, server_candles=4000))


@pytest.fixture
def clock(monkeypatch):
    """The seconds of a clock that goes on when it is told to."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def there(*present):
    return lambda session: session in [user.session for user in present]


def is_open(prices, name):
    try:
        prices.file(name)
    except InvalidInput:
        return False
    return True


def test_a_large_file_drops_the_sessions_own_ones_alone(prices):
    theirs = prices.open(synthetic.history(900, 1), user=ANN)
    own = [prices.open(synthetic.history(900, seed), user=BOB) for seed in (2, 3)]
    prices.file(own[0])
    newest = prices.open(synthetic.history(1000, 4), user=BOB)
    # The least recently used of their own.
    assert [is_open(prices, name) for name in (theirs, *own, newest)] == [True, True, False, True]


def test_files_of_who_has_left_go_before_those_of_the_present(prices):
    everyone = there(ANN, BOB, EVE)
    goes = prices.open(synthetic.history(1500, 1), user=ANN, is_present=everyone)
    stays = prices.open(synthetic.history(1500, 2), user=BOB, is_present=everyone)
    prices.file(goes)  # also where theirs was used last
    newest = prices.open(synthetic.history(1500, 3), user=EVE, is_present=there(BOB, EVE))
    assert [is_open(prices, name) for name in (goes, stays, newest)] == [False, True, True]


def test_only_who_holds_more_gives_way_where_all_are_present(prices):
    large = [
        prices.open(synthetic.history(2000, seed), user=User(str(seed), False)) for seed in (1, 2)
    ]
    small = prices.open(synthetic.history(900, 3), user=EVE)
    assert [is_open(prices, name) for name in large] == [False, True]
    # A file as large as theirs drops nobody's, and nobody opens many small ones at their cost.
    with pytest.raises(InvalidInput, match=r"At most 4,000 candles of all users' files .* when"):
        prices.open(synthetic.history(2000, 4), user=User("4", False))
    more = prices.open(synthetic.history(1100, 5), user=EVE)
    another = prices.open(synthetic.history(1900, 6), user=EVE)
    assert is_open(prices, large[1])
    assert [is_open(prices, name) for name in (small, more, another)] == [False, False, True]


def test_a_file_stays_while_someone_follows_its_link_and_goes_soon_after(home):
    files = OpenFiles(2000, 4000, keep_seconds=0)
    present = [ANN]
    name = files.open(synthetic.history(), ANN, lambda session: User(session, False) in present)
    # A reload is a new session, which follows the address.
    assert files.get(name, BOB) is not None
    present[:] = [BOB]
    files.drop_left()
    assert files.get(name) is not None
    present[:] = []
    files.drop_left()
    assert files.get(name) is None


def test_a_file_waits_for_an_idle_session_whose_connection_drops_for_a_moment(clock):
    files, present = OpenFiles(2000, 4000), [ANN, EVE]
    name = files.open(synthetic.history(), ANN, lambda session: User(session, False) in present)
    files.get(name, BOB)  # follows a link, and is away
    clock[0] += 3600  # idle for an hour
    for away in (ANN, EVE):
        files.get(name, EVE)
        present.remove(away)
        files.drop_left()  # others look at prices meanwhile
        clock[0] += KEEP_SECONDS - 1
        files.drop_left()
        present.append(away)
        files.drop_left()
        clock[0] += 3600
        files.drop_left()
        assert files.get(name) is not None
    present[:] = []
    files.drop_left()
    clock[0] += KEEP_SECONDS - 1
    files.drop_left()
    assert files.get(name) is not None
    clock[0] += 1
    files.drop_left()
    assert files.get(name) is None


def test_who_looks_at_a_file_again_is_back(clock):
    files, present = OpenFiles(2000, 4000), set()
    name = files.open(synthetic.history(), ANN, lambda session: session in present)
    files.drop_left()  # away
    clock[0] += 10
    present.add(ANN.session)
    assert files.get(name, ANN) is not None
    clock[0] += KEEP_SECONDS
    present.clear()
    files.drop_left()  # away for the second time, a moment ago
    assert files.get(name) is not None


def test_the_name_of_a_file_does_not_follow_from_its_content(home):
    settings, history = Settings(home, live=False), synthetic.history()
    one, other = PriceService(settings), PriceService(settings)
    name = one.open(history, user=ANN)
    assert one.open(synthetic.history(), user=BOB) == name
    guess = other.open(history, user=EVE)
    assert guess != name
    with pytest.raises(InvalidInput, match="no longer in memory"):
        one.history(MarketQuery(guess, "1h"))
    assert one.history(MarketQuery(name, "1h")).fingerprint == history.fingerprint


def test_a_session_that_leaves_a_shared_file_takes_nothing_from_others(prices):
    shared = prices.open(synthetic.history(1500, 1), user=ANN)
    assert prices.open(synthetic.history(1500, 1), user=BOB) == shared
    own = prices.open(synthetic.history(1500, 2), user=ANN)
    assert is_open(prices, shared)
    assert is_open(prices, own)


def test_many_sessions_at_once_stay_within_the_quota():
    files, refused = OpenFiles(300, 1000), []

    def visitor(number):
        user = User(str(number), owner=False)
        for i in range(40):
            try:
                files.open(synthetic.history(100 + i, 100 * number + i), user, lambda _: True)
            except InvalidInput as error:
                refused.append(error)
            with files._lock:
                assert files._candle_count() <= 1000
                assert files._candle_count(user.session) <= 300

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 0 < files._candle_count() <= 1000
