"""Where deliveries may go. The awkward ones: other spellings of internal addresses, and ranges that look public."""

from ipaddress import ip_address

import pytest

from webhooks.domain.address_policy import address_parse, address_refusal
from webhooks.domain.endpoint_urls import url_refusal
from webhooks.domain.headers import headers_refusal

INTERNAL = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 127.255.255.254 169.254.0.1
169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1
192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 168.63.129.16 192.31.196.1 192.52.193.1 192.175.48.1
:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::7f00:1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1
2001::1 2001:0:7f00:1:: 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2620:4f:8000::1 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 4000::1 e000::1
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 93.184.216.34 172.15.255.255 172.32.0.1 100.63.255.255 100.128.0.1 192.0.1.1 198.17.255.255
223.255.255.1 2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001:81b::200e 2620:fe::fe
2400:cb00:2048:1::c629:d7a2
""".split()
REFUSED_URLS = [
    *("http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/"),
    *("https://user:secret@example.com/", "https://user@example.com/", "https://@example.com/"),
    *(
        "https://example.com/#part",
        "https://example.com/ a",
        "https://example.com/\r\nHost: x",
        "https://exam\tple.com/",
    ),
    *(
        "https://example.com:22/",
        "https://example.com:25/",
        "https://example.com:6379/",
        "https://example.com:99999/",
    ),
    *("https://example.com:0/", "https://example.com:https/", "https:///path", "https://", "https://:443/"),
    *("https://2130706433/", "https://0x7f.1/", "https://0x7f000001/", "https://017700000001/", "https://127.1/"),
    *(
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://0/",
    ),
    *(
        "https://localhost/",
        "https://api.localhost/",
        "https://printer.local/",
        "https://db.internal/",
        "https://db/",
    ),
    *("https://metadata.google.internal/", "https://localhost./", "https://①②⑦.⓪.⓪.①/", "https://exаmple.com/"),
    *(
        "https://example.com\\@127.0.0.1/",
        "https://-bad.example.com/",
        "https://under_score.example/",
        "https://a..b.com/",
    ),
    *("https://[2606:4700:4700::1111].example.com/", "https://[2606:4700::1%25a]/", "https://8.8.8.8./"),
    "https://example.com/" + "a" * 500,
]


@pytest.mark.parametrize("text", INTERNAL)
def test_nothing_is_sent_to_an_internal_address(text: str):
    address = address_parse(text)

    assert address is not None
    assert address_refusal(address)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str):
    assert address_refusal(ip_address(text)) is None


def test_there_are_sixty_awkward_addresses_and_more():
    assert len(INTERNAL) >= 60


def test_loopback_is_allowed_in_development_and_nothing_else_beside_it():
    allowed = [
        text for text in INTERNAL if address_refusal(ip_address(text.partition("%")[0]), allow_loopback=True) is None
    ]

    assert allowed == ["127.0.0.1", "127.1.2.3", "127.255.255.254", "::1"]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_could_mean_something_else_is_refused_in_words(url: str):
    words = url_refusal(url)

    assert words is not None
    assert words.endswith(".")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://example.com",
            "https://hooks.example.com/a/b?c=d",
            "https://example.com:8443/",
            "https://EXAMPLE.com/",
        ),
        *(
            "https://xn--bcher-kva.example/",
            "https://8.8.8.8/hook",
            "https://[2606:4700:4700::1111]/",
            "https://a.b.c.de./",
        ),
    ],
)
def test_a_public_https_url_is_accepted(url: str):
    assert url_refusal(url) is None


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/", "http://127.0.0.1:9/x", "http://[::1]:9000/", "https://localhost/"]
)
def test_loopback_without_tls_is_for_development_only(url: str):
    assert url_refusal(url, is_development=True) is None
    assert url_refusal(url) is not None


@pytest.mark.parametrize(
    "url", ["http://192.168.0.1/", "http://example.com/", "http://u:p@localhost/", "ftp://localhost/"]
)
def test_development_opens_nothing_but_loopback(url: str):
    assert url_refusal(url, is_development=True) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "x"},
        {"Webhook-Signature": "x"},
        {"Host": "x"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"bad name": "x"},
        {"": "x"},
        {"x-a": "line\r\nx-b: injected"},
        {"x-a": "é"},
        {"x-a": "1" * 501},
        {"x-a": " padded"},
        {"x-a": " "},
        {"Content-MD5": "x"},
        {"x-a": "1", "X-A": "2"},
        {f"x-{number}": "1" for number in range(11)},
    ],
)
def test_headers_that_are_ours_or_cannot_be_sent_are_refused(headers: dict[str, str]):
    assert headers_refusal(headers) is not None


def test_headers_of_its_own_are_accepted():
    assert headers_refusal({"Authorization": "Bearer abc", "X-Tenant": "north 7"}) is None
