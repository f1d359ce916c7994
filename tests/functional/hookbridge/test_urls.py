"""Which destinations are taken, by their form alone."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooktop.mockserver.hookbridge.urls import Relaxation, UrlProblem, problem

IS_URI = jsonschema_rs.Draft202012Validator(
    {"type": "string", "format": "uri"}, validate_formats=True
).is_valid
STRICT = Relaxation()
REAL = Relaxation(plain_http=True, loopback=True, hosts=frozenset({"receiver.lan"}))

GOOD = [
    "https://customer.app/webhooks",
    "https://billing-eu.receiver.example/in",
    "https://status-503.receiver.test/",
    "https://customer.app:8443/a?b=c#d",
    "https://8.8.8.8/hooks",
    "https://203.0.113.42/hooks",
    "https://[2606:4700::1111]/hooks",
    "https://xn--bcher-kva.example/hook",
    "https://a.io/" + "x" * (2048 - len("https://a.io/")),
]

MALFORMED = {
    "plain http": "http://customer.app/webhooks",
    "no scheme": "customer.app/webhooks",
    "other scheme": "ftp://customer.app/webhooks",
    "no host": "https:///webhooks",
    "too short": "https://a.i",
    "too long": "https://a.io/" + "x" * 2048,
    "space": "https://customer.app/web hooks",
    "newline": "https://customer.app/web\nhooks",
    "bad port": "https://customer.app:99999/hooks",
    "word as port": "https://customer.app:https/hooks",
    "empty label": "https://customer..app/hooks",
    "leading hyphen": "https://-customer.app/hooks",
    "own domain": "https://api.hookbridge.io/v1/webhooks",
    "own bare domain": "https://hookbridge.io/x",
    "no address": "https://999.999.999.999/hooks",
    "not ascii": "https://customer.app/ü",
    "quotes": 'https://customer.app/"x"',
    "half an escape": "https://customer.app/%2",
    "brackets in the path": "https://customer.app/[1]",
    "two fragments": "https://customer.app/#a#b",
    "broken brackets": "https://[::1/hooks",
}

BLOCKED = [
    "https://127.0.0.1/hooks",
    "https://127.8.9.10/hooks",
    "https://localhost/hooks",
    "https://api.localhost/hooks",
    "https://10.1.2.3/hooks",
    "https://172.16.0.1/hooks",
    "https://172.31.255.255/hooks",
    "https://192.168.1.1/hooks",
    "https://169.254.169.254/latest",
    "https://224.0.0.1/hooks",
    "https://0.0.0.0/hooks",
    "https://100.64.0.1/hooks",
    "https://[::1]/hooks",
    "https://[::]/hooks",
    "https://[fe80::1]/hooks",
    "https://[fc00::1]/hooks",
    "https://[fd12::1]/hooks",
    "https://[ff02::1]/hooks",
    "https://[::ffff:127.0.0.1]/hooks",
    "https://[::ffff:10.0.0.1]/hooks",
    "https://2130706433/hooks",
    "https://0x7f000001/hooks",
    "https://0177.0.0.1/hooks",
    "https://127.1/hooks",
]


@pytest.mark.parametrize("url", GOOD)
def test_public_https_urls_are_taken(url: str) -> None:
    assert problem(url, STRICT) is None


@pytest.mark.parametrize("url", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_https_url_is_malformed(url: str) -> None:
    assert problem(url, STRICT) is UrlProblem.MALFORMED


@pytest.mark.parametrize("url", BLOCKED)
def test_internal_addresses_are_blocked_in_every_spelling(url: str) -> None:
    assert problem(url, STRICT) is UrlProblem.BLOCKED


@pytest.mark.parametrize(
    "url", ["https://nowhere.invalid/x", "https://intranet/hooks", "https://a.b.invalid./x"]
)
def test_names_that_cannot_resolve_are_unreachable(url: str) -> None:
    assert problem(url, STRICT) is UrlProblem.UNREACHABLE


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/in",
        "http://localhost:9000/in",
        "https://[::1]:9000/in",
        "http://receiver.lan/in",
    ],
)
def test_a_project_that_really_delivers_takes_loopback_and_named_hosts(url: str) -> None:
    assert problem(url, REAL) is None
    assert problem(url, STRICT) is not None


@given(st.text("abAB09./:?#[]@!$&'()*+,;=%-_~ \"<>^`{|}\\é\n", max_size=30))
def test_whatever_is_taken_is_a_uri(tail: str) -> None:
    url = f"https://customer.app{tail}"
    if problem(url, STRICT) is None:
        assert IS_URI(url)


def test_real_delivery_still_blocks_other_internal_addresses() -> None:
    assert problem("http://192.168.1.1/hooks", REAL) is UrlProblem.BLOCKED
