"""Messages arrive at real servers; what is secret arrives nowhere else."""

from __future__ import annotations

import email
import email.policy
import io
import logging
import subprocess
import sys
import threading

import pytest

from cryptoforecast.alarms import sending
from cryptoforecast.alarms.sending import Destination, destinations, send
from cryptoforecast.errors import InvalidInput
from tests.alarms.servers import Mail, Webhook, served

SECRETS = ("pa55word", "s3cret", "hu5h", "127.0.0.1")


@pytest.fixture
def webhook():
    with served(Webhook()) as server:
        yield server


def secret_free(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def test_a_message_arrives_by_http_as_it_was_written(webhook):
    (destination,) = destinations([webhook.url])
    assert send(destination, "BTC: 1 in 2,400", "BTC fell by 3 % <in an hour>.\nTwo lines.") == ""
    (message,) = webhook.messages
    assert message["title"] == "BTC: 1 in 2,400"
    assert message["message"] == "BTC fell by 3 % <in an hour>.\nTwo lines."


def test_a_message_arrives_by_mail_as_it_was_written():
    with served(Mail()) as server:
        (destination,) = destinations([server.url])
        assert send(destination, "BTC: 1 in 2,400", "BTC fell by 3 % <in an hour>.") == ""
    (mail,) = server.mails
    message = email.message_from_string(mail, policy=email.policy.default)
    assert message["subject"] == "BTC: 1 in 2,400"
    assert message["to"] == "you@home.example"
    assert "BTC fell by 3 % <in an hour>." in message.get_body(("plain",)).get_content()


@pytest.fixture
def log():
    """What the log of a server gets."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def test_a_message_that_is_not_taken_says_why_without_a_secret(webhook, log, capfd):
    (destination,) = destinations([webhook.url])
    webhook.behave = 500
    assert send(destination, "T", "B") == "It answered with the status 500."
    webhook.behave = 302  # another place is not asked
    assert send(destination, "T", "B") == "It answered with the status 302."
    assert [path.partition("?")[0] for path in webhook.paths] == ["/s3cret", "/s3cret"]
    unknown = Destination("nothing", "nothing://user:pa55word@127.0.0.1/s3cret")
    assert send(unknown, "T", "B") == "Apprise does not know such an address."
    closed = Destination("json", "json://user:pa55word@127.0.0.1:1/s3cret")
    assert send(closed, "T", "B") == "It could not be reached, or did not answer."
    written = capfd.readouterr()
    assert repr(destination) + log.getvalue() + written.out + written.err == (
        "Destination(name='json')"
    )


def test_a_server_that_stalls_or_never_ends_is_left(webhook, monkeypatch):
    """However it hangs, a message takes no longer than its limit, and only one hangs."""
    monkeypatch.setattr(sending, "MAX_SECONDS", 0.5)
    (destination,) = destinations([webhook.url])
    for webhook.behave in ("stall", "drip"):
        assert send(destination, "T", "B") == "It did not answer within 0.5 seconds."
        assert send(destination, "T", "B") == "It has not answered an earlier message yet."
        assert webhook.outlasted == 0
        waiting = [each for each in threading.enumerate() if each.name == "alarm-message"]
        assert len(waiting) == 1
        webhook.over.set()
        waiting[0].join(10)
        webhook.over.clear()
    webhook.behave = "answer"
    assert send(destination, "T", "B") == ""


def test_a_hanging_server_does_not_keep_the_process(webhook):
    webhook.behave = "drip"
    code = (
        "import sys; from cryptoforecast.alarms import sending; sending.MAX_SECONDS = 1\n"
        f"print(sending.send(sending.Destination('json', {webhook.url!r}), 'T', 'B'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "It did not answer within 1 seconds."
    assert done.stderr == ""


def test_destinations_are_named_by_their_scheme():
    urls = ["json://a.example/x", "mailtos://me:secret@b.example", "JSON://c.example"]
    named = destinations(urls)
    assert [each.name for each in named] == ["json", "mailtos", "json 2"]
    assert "secret" not in repr(named)
    with pytest.raises(InvalidInput, match="number 2 of 2 is none") as caught:
        destinations(["json://a", "pa55word"])
    assert secret_free(str(caught.value))
    with pytest.raises(InvalidInput, match=r"at most 10\. Received: 11"):
        destinations(["json://a"] * 11)


def test_nothing_of_apprise_is_loaded_before_a_message_is_sent():
    code = (
        "import sys; from cryptoforecast.alarms import sending\n"
        "sending.check_installed(); sending.destinations(['json://a'])\n"
        "print('apprise' in sys.modules, 'requests' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.split() == ["False", "False"]
