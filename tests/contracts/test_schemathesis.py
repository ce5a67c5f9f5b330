"""The published document against the service, operation by operation: requests are made up that follow the document,
and others that break it on purpose. Whatever is answered has to stand in the document, and nothing is a 5xx.

SENTINEL_TEST_EXAMPLES: how many requests are made up for each operation, beside those of its limits and examples.
"""

import os
from random import randbytes
from typing import Any
from uuid import uuid4

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from django.utils import timezone
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from ledger.domain.receipts import rfc3339
from sentinel.api.services import client_secret_rotate
from sentinel.api.tokens import tokens_for
from tests.docs.documents import DOCS
from tests.gateway import Gateway

pytestmark = pytest.mark.contract

EXAMPLES = int(os.environ.get("SENTINEL_TEST_EXAMPLES", "10"))
IS_DEEP = "SENTINEL_TEST_EXAMPLES" in os.environ  # else the same requests each time
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
]
ITEMS_APART = {"/api/v1/transactions/bulk", "/api/v1/score"}
schema = schemathesis.openapi.from_path(DOCS / "openapi.yaml")


@pytest.fixture
def known(gateway: Gateway) -> dict[str, str]:
    """Names of what is there, by the names that requests call them."""
    account_id = gateway.open_account("1000000000.00")
    endpoint = gateway.post("webhook-endpoints", {"url": "https://hooks.example.com/in"}).json()["id"]
    secret = client_secret_rotate(client=gateway.client)
    refresh, access = tokens_for(gateway.client)
    return {
        "account_id": account_id,
        "counterparty_account_id": gateway.open_account("0"),
        "currency": "INR",
        "home_country": "IN",
        "home_zone": "Asia/Kolkata",
        "url": "https://hooks.example.com/in",
        "since": rfc3339(timezone.now()),
        "transaction_id": gateway.pay(account_id, "5000.00").json()["id"],
        "endpoint_id": endpoint,
        "delivery_id": gateway.post(f"webhook-endpoints/{endpoint}/test", {}).json()["id"],
        "client_id": str(gateway.client.id),
        "client_secret": secret,
        "refresh": str(refresh),
        "token": str(access),
    }


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=not IS_DEEP, suppress_health_check=list(hypothesis.HealthCheck)
)
def test_what_is_answered_stands_in_the_document(case: Any, gateway: Gateway, known: dict[str, str]) -> None:
    """Each request as it was made up, and once more about what is there: what is not is refused too early."""
    check(case, gateway)

    for part in (case.path_parameters, case.query, case.body):
        name_known(part, known)
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex
    check(case, gateway, may_be_mended=True)


def check(case: Any, gateway: Gateway, *, may_be_mended: bool = False) -> None:
    """`may_be_mended`: what was wrong with the request may be right since it names what is there."""
    answer = send(gateway, case)
    # Where items fail alone, their refusals stand inside an answer with 200.
    is_refused = case.path in ITEMS_APART and b'"problem":' in answer.content
    left_out = [checks.negative_data_rejection] if is_refused or may_be_mended else []
    case.validate_response(answer, checks=[each for each in CHECKS if each not in left_out])


def send(gateway: Gateway, case: Any) -> httpx.Response:
    told = case.as_transport_kwargs(base_url="http://localhost", headers={"X-API-Key": gateway.api_key})
    wanted: Any = requests.Request(**told).prepare()
    headers: Any = {
        name: value.encode() if isinstance(value, str) else value for name, value in wanted.headers.items()
    }
    # Requests for tokens are counted by the address they come from.
    caller = gateway.at(f"fd00:{randbytes(2).hex()}::1") if "/auth/" in case.path else gateway
    return gateway.loop.run(caller.http.request(wanted.method, wanted.url, headers=headers, content=wanted.body))


def name_known(part: Any, known: dict[str, str]) -> None:
    """Texts under these names become names of what is there."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in known and isinstance(value, str):
                part[name] = known[name]
            name_known(value, known)
    elif isinstance(part, list):
        for each in part:
            name_known(each, known)
