"""Two users of a real server: neither ends the other's training, fills the queue or drops files."""

import re
import time

import pytest

from benchmarks.page_client import PageClient
from benchmarks.pages import NO_XSRF
from tests import serving, synthetic

VARIABLES = {
    "CRYPTOFORECAST_OWNER_KEY": "a key that nobody gives here",
    "CRYPTOFORECAST_SERVER_CANDLES": "2000",
}
#: What the page says of a training that waits, with the number of those before it.
WAITS = r"(\d+) trainings? comes? first"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve to guests alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        with serving.streamlit(tmp_path_factory.mktemp("shared"), NO_XSRF) as address:
            yield address


def train(client, seed):
    """Send the training form; return what the page then says, and the name of the training."""
    # An address that is back within seconds counts as late, so each is another one.
    client.open("", history_1h="90 days", model=("naive", "cone", "drift")[seed % 3])
    shown = client.train(
        epochs={"double_array_value": {"data": [200.0]}}, seed={"double_value": float(seed)}
    )
    return " ".join(shown.messages), client.query.get("model", "")


def runs(client):
    """Return whether the page shows a training that runs, now or once its turn has come."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        shown = client.rerun()
        if not any(re.search(WAITS, text) for text in shown.messages):
            return shown.trains
    return False


def file(seed):
    return synthetic.history(1500, seed).candles.reset_index().to_csv(index=False).encode()


def test_nobody_ends_the_training_of_another_or_takes_all_places(server):
    with PageClient(server) as ann, PageClient(server) as eve:
        _, run = train(ann, 1)
        assert run.startswith("run-")
        assert runs(ann)
        # By the link: no button to cancel, and pressing that of the other does nothing.
        eve.open("", history_1h="90 days", model=run)
        assert "Wait for it too" in eve._ids
        assert not {"cancel", "End it for everyone"} & set(eve._ids)
        eve._ids["cancel"] = ann._ids["cancel"]
        eve.click("cancel")
        assert runs(ann)
        # By the same question: she waits with the other, and then no longer.
        _, same = train(eve, 1)
        assert same == run
        assert runs(eve)
        eve.click("cancel")
        assert runs(ann)
        # Two of her own may wait, the third is refused, and others find their place.
        texts = [train(eve, seed)[0] for seed in (2, 3, 4)]
        assert [re.findall(WAITS, text) for text in texts] == [["1"], ["2"], []]
        assert "At most 2 trainings of one user may wait. Received: one more." in texts[2]
        assert re.findall(WAITS, train(ann, 5)[0]) == ["3"]
        ann.open("", history_1h="90 days", model=run)
        assert runs(ann)
        ended = [*ann.click("cancel").messages, *ann.rerun().messages]
        assert any("was cancelled" in text for text in ended)


def test_files_of_who_has_left_make_room_and_those_of_the_present_do_not(server):
    with PageClient(server) as eve:
        with PageClient(server) as ann:
            ann.open("data")
            ann.upload("upload", "ANNUSD-1h.csv", file(1))
            link = ann.file()
            eve.open("data")
            refused = eve.upload("upload", "EVEUSD-1h.csv", file(2))
            assert any("candles of all users' files" in text for text in refused.messages)
            assert ann.open("", coin=link, model="naive").figures
        eve.open("data")  # now there is room for the file
        eve.click("check")
        own = eve.file()
        assert own != link
        assert eve.open("", coin=own, model="naive").figures
        assert not eve.open("", coin=link, model="naive").figures  # that file is gone
