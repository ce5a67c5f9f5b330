"""What receivers do, and what is made of it. Real sockets, real certificates."""

import ssl
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler

import pytest
import trustme

from tests.webhooks.receiver import Received, answers, receiving
from webhooks.domain.answers import Answer, Result
from webhooks.services.guarded_network import Resolver, system_addresses
from webhooks.services.sending import Sender, _host, _target

SHORT_SECONDS = 0.6


def send(
    url: str,
    *,
    seconds: float = SHORT_SECONDS,
    allow_loopback: bool = True,
    resolver: Resolver = system_addresses,
    tls: ssl.SSLContext | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    with Sender(timeout_seconds=seconds, allow_loopback=allow_loopback, resolver=resolver, tls=tls) as sender:
        return sender.send(url, '{"a": 1}', headers or {"webhook-id": "evt_1"})


def test_a_delivery_arrives_with_body_and_headers():
    with receiving() as receiver:
        answer = send(receiver.url, headers={"webhook-id": "evt_1", "X-Tenant": "north"})

    assert (answer.result, answer.status_code) == (Result.DELIVERED, 204)
    (got,) = receiver.received
    assert (got.path, got.body) == ("/hook", '{"a": 1}')
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert {
        "webhook-id": "evt_1",
        "x-tenant": "north",
        "content-type": "application/json",
    }.items() <= got.headers.items()


def test_the_whole_path_is_asked_for():
    with receiving() as receiver:
        send(receiver.url + ";version=1/a?b=c;d#")

    assert receiver.received[0].path == "/hook;version=1/a?b=c;d"


def test_an_ipv6_host_is_written_in_brackets():
    assert _host(_target("https://[2606:4700:4700::1111]:8443/a")) == "[2606:4700:4700::1111]:8443"
    assert _host(_target("https://hooks.example.com./a")) == "hooks.example.com"


def test_several_deliveries_share_one_connection():
    ports = set[int]()

    def behave(handler: BaseHTTPRequestHandler, got: Received) -> None:
        ports.add(handler.client_address[1])
        answers(200, b"ok")(handler, got)

    with receiving(behave) as receiver, Sender(timeout_seconds=5, allow_loopback=True) as sender:
        assert all(sender.send(receiver.url, "{}", {}).is_delivered for _ in range(3))

    assert len(ports) == 1


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.DELIVERED),
        (299, Result.DELIVERED),
        (300, Result.REDIRECTED),
        (304, Result.REDIRECTED),
        (400, Result.REFUSED),
        (404, Result.REFUSED),
        (410, Result.GONE),
        (500, Result.REFUSED),
    ],
)
def test_only_2xx_is_success(status: int, result: Result):
    with receiving(answers(status)) as receiver:
        answer = send(receiver.url)

    assert (answer.result, answer.status_code) == (result, status)
    assert answer.words.endswith(".")


def test_a_redirect_is_not_followed_wherever_it_leads():
    with receiving() as canary, receiving(answers(301, Location=canary.url)) as receiver:
        assert send(receiver.url).result is Result.REDIRECTED

    assert canary.received == []


def test_the_head_of_the_answer_is_kept_for_the_log_without_cookies_and_control_characters():
    body = "sorry \x00\x1b[31m <b>ü</b>".encode()
    with receiving(answers(500, body, X_Trace="abc", Set_Cookie="session=1")) as receiver:
        head = send(receiver.url).head

    assert head.startswith("HTTP 500\n")
    assert "X-Trace: abc" in head
    assert "session" not in head
    assert head.endswith("sorry \ufffd\ufffd[31m <b>ü</b>")


@pytest.mark.parametrize(("asked", "seconds"), [("30", 30), ("nonsense", None)])
def test_retry_after_is_read(asked: str, seconds: int | None):
    with receiving(answers(429, Retry_After=asked)) as receiver:
        answer = send(receiver.url)

    assert (answer.retry_after.total_seconds() if answer.retry_after else None) == seconds
    assert answer.asks_for_patience is (seconds is not None)


# -- receivers that take their time, or too much of everything


def _hang(handler: BaseHTTPRequestHandler, _: Received) -> None:
    time.sleep(SHORT_SECONDS * 4)


def _drip_headers(handler: BaseHTTPRequestHandler, _: Received) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
        handler.wfile.write(bytes([letter]))
        time.sleep(SHORT_SECONDS / 5)


def _drip_body(handler: BaseHTTPRequestHandler, _: Received) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _part in range(50):
        handler.wfile.write(b"x")
        time.sleep(SHORT_SECONDS / 5)


@pytest.mark.parametrize("behave", [_hang, _drip_headers, _drip_body])
def test_a_receiver_that_hangs_or_drips_is_cut_off(behave):
    started = time.monotonic()
    with receiving(behave) as receiver:
        answer = send(receiver.url)
        took_seconds = time.monotonic() - started

    assert answer.result is Result.TIMED_OUT
    assert took_seconds < SHORT_SECONDS * 3


def test_of_a_hundred_megabytes_the_first_four_kilobytes_are_read():
    sent = [0]

    def flood(handler: BaseHTTPRequestHandler, _: Received) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(100_000_000))
        handler.end_headers()
        for _part in range(1600):
            handler.wfile.write(b"x" * 62_500)
            sent[0] += 62_500

    with receiving(flood) as receiver:
        answer = send(receiver.url, seconds=10)

    assert answer.is_delivered
    assert len(answer.head) <= 1024
    assert sent[0] < 50_000_000  # what the sockets between held, and no more


def test_a_body_that_ends_too_soon_is_no_delivery():
    def cut(handler: BaseHTTPRequestHandler, _: Received) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half of it")
        handler.close_connection = True

    with receiving(cut) as receiver:
        assert send(receiver.url).result is Result.CUT_OFF


def test_what_is_not_http_is_no_delivery():
    def greet(handler: BaseHTTPRequestHandler, _: Received) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")

    with receiving(greet) as receiver:
        assert send(receiver.url).result in {Result.CUT_OFF, Result.TIMED_OUT}


def test_nobody_at_the_port():
    with receiving() as receiver:
        pass

    assert send(receiver.url).result is Result.NOT_CONNECTED


# -- certificates


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def test_a_valid_certificate_of_the_name(authority: trustme.CA):
    with receiving(tls=_tls(authority, "hooks.example.com")) as receiver:
        url = f"https://hooks.example.com:{receiver.port}/hook"
        answer = send(url, seconds=5, resolver=_to_loopback, tls=_trusting(authority))

    assert answer.is_delivered
    assert receiver.received[0].headers["host"] == f"hooks.example.com:{receiver.port}"


def test_a_certificate_of_another_name_or_of_nobody_known_is_refused(authority: trustme.CA):
    with receiving(tls=_tls(authority, "other.example.com")) as receiver:
        url = f"https://hooks.example.com:{receiver.port}/hook"
        for trusted in (_trusting(authority), None):
            answer = send(url, seconds=5, resolver=_to_loopback, tls=trusted)
            assert answer.result is Result.CERTIFICATE

    assert receiver.received == []


# -- names that lead inside


def test_in_production_nothing_is_sent_to_loopback():
    with receiving() as canary:
        for host in ("127.0.0.1", "localhost", "[::1]"):
            assert send(f"http://{host}:{canary.port}/", allow_loopback=False).result is Result.ADDRESS_REFUSED

    assert canary.received == []


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["93.184.216.34", "127.0.0.1"], ["10.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]],
)
def test_a_name_with_one_internal_address_among_others_is_refused(addresses: list[str]):
    with receiving() as canary:
        url = f"https://hooks.example.com:{canary.port}/"
        answer = send(url, allow_loopback=False, resolver=lambda host, port: addresses)

    assert answer.result is Result.ADDRESS_REFUSED
    assert canary.received == []


def test_a_name_that_changes_its_mind_is_asked_once_and_leads_nowhere_else():
    """Rebinding: one address when it is checked, another a moment later."""
    asked = list[str]()

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["127.0.0.2"]

    with receiving() as canary:
        url = f"http://rebind.example.com:{canary.port}/"
        assert send(url, resolver=rebinding).result is Result.NOT_CONNECTED  # nobody listens at 127.0.0.2

        assert asked == ["rebind.example.com"]
        assert send(url, resolver=rebinding, allow_loopback=False).result is Result.ADDRESS_REFUSED  # checked anew

    assert canary.received == []


def test_a_name_without_an_answer():
    def unknown(host: str, port: int) -> Sequence[str]:
        return system_addresses("does-not-exist.invalid", port)

    assert send("https://does-not-exist.invalid/", resolver=unknown).result is Result.NOT_RESOLVED
    assert send("https://empty.example.com/", resolver=lambda host, port: []).result is Result.NOT_RESOLVED


def test_a_name_server_that_hangs_is_not_waited_for():
    started = time.monotonic()
    answer = send("https://slow.example.com/", resolver=lambda host, port: time.sleep(2) or [])  # type: ignore[func-returns-value]

    assert answer.result is Result.NOT_RESOLVED
    assert time.monotonic() - started < 1.5
