"""The published vectors, and the independent library."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from webhooks.domain.signing import secret_make, signature, signature_headers

# Sources: the specification's own suites for Python and Rust.
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1649367553,
        '{"email":"test@example.com","username":"test_user"}',
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
]


@pytest.mark.parametrize(("secret", "event_id", "seconds", "body", "expected"), VECTORS)
def test_the_published_vectors(secret, event_id, seconds, body, expected):
    assert signature(secret, event_id, seconds, body) == expected


def test_a_secret_has_256_random_bits_and_its_prefix():
    secret = secret_make()

    assert secret.startswith("whsec_")
    assert len(b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != secret_make()


def test_the_independent_library_accepts_what_is_signed_and_nothing_else():
    secret, body = secret_make(), '{"amount":"54.00","words":"Zürich ✓"}'
    headers = signature_headers("evt_1", int(datetime.now(UTC).timestamp()), body, [secret])

    assert Webhook(secret).verify(body, headers)["words"] == "Zürich ✓"
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(body.replace("54", "55"), headers)


def test_while_a_secret_is_rotated_both_sign():
    old, new, body = secret_make(), secret_make(), "{}"
    headers = signature_headers("evt_1", int(datetime.now(UTC).timestamp()), body, [new, old])

    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
