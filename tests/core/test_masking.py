"""What a log may say: hostile texts go in, nothing secret and no line of theirs comes out."""

import time

import pytest

from sentinel.core.masking import HIDDEN, LENGTH_MAX, masked, on_one_line, printable

SECRETS = {
    "an API key": ("refused sk_live_ab12cd34_Zx9-_kQw00", "Zx9-_kQw00"),
    "a client secret": ("cs_Zm9vYmFyYmF6cXV4", "Zm9vYmFyYmF6cXV4"),
    "a webhook secret": ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8G"),
    "a token": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl sent", "c2lnbmF0dXJl"),
    "a header": ("Authorization: Bearer c2VjcmV0dG9rZW4", "c2VjcmV0dG9rZW4"),
    "another header": ("Cookie: sessionid=abcdef123456", "abcdef123456"),
    "a password in an address": ("postgresql://sentinel_app:hunter2@db.internal:5432/sentinel", "hunter2"),
    "a password in words": ("connection failed: password=hunter2 host=db", "hunter2"),
    "a password in JSON": ('{"user": "ana", "password": "correct horse battery"}', "horse"),
    "a password in a repr": ("{'db_password': 'hunter2'}", "hunter2"),
    "a card": ("card 4111 1111 1111 1111 declined", "1111 1111"),
    "a card with dashes": ("pan=5555-5555-5555-4444", "5555-4444"),
    "a card in a number": ("amount 4111111111111111", "4111111111111111"),
    "a card in other digits": ("card ４１１１１１１１１１１１１１１１ seen", "４１１１１１"),
    "a check number": ("cvv: 123", "123"),
}


@pytest.mark.parametrize("case", SECRETS)
def test_secrets_and_card_numbers_are_hidden(case):
    text, secret = SECRETS[case]

    assert secret not in masked(text)
    assert "[" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "3 predictions wait for the database: connection refused",
        "a bucket of tokens is empty",
        "txn_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f declined at 2026-01-31T12:00:00.104512Z",
        "https://bank.example/admin/ answered 404",
    ],
)
def test_what_is_no_secret_stays(text):
    assert masked(text) == text


def test_a_text_cannot_look_like_another_line():
    hostile = "ana\n2026-01-31 12:00:00 INFO root all is well\r\x1b[2J\x85\u2028\u202eterces\0"

    assert "\n" not in on_one_line(hostile)
    assert on_one_line(hostile).isprintable()
    assert on_one_line(hostile).startswith("ana\\n2026")
    assert printable("first\n  second\x1b") == "first\n  second\\x1b"


@pytest.mark.parametrize(
    "text", ["password=" * 20_000, "eyJ" + "a" * 200_000, "4" * 200_000, "://" + "a:" * 100_000, "sk_live_" * 30_000]
)
def test_no_text_takes_long(text):
    started = time.perf_counter()
    told = masked(text)

    assert time.perf_counter() - started < 0.5
    assert len(told) <= LENGTH_MAX * (1 + len(HIDDEN))
    assert "more characters" in told
