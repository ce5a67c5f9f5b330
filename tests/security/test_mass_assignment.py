"""A field that nobody asked for is refused by its name, in every object of every body of the published document."""

from uuid import uuid4

import pytest

from tests.security.openapi import body_with, dotted, fields_of, objects_of, operations
from tests.security.test_card_numbers import ITEMS_APART, send
from tests.security.test_tenancy import EXTRA, counts

pytestmark = pytest.mark.contract

# Their endpoint is looked for before their body, which is empty, is looked at.
LOOKS_FIRST = {"webhook_endpoint_test", "webhook_endpoint_secret"}
WRITES = {
    operation.name: operation
    for operation in operations()
    if operation.body is not None and operation.name not in LOOKS_FIRST
}


def unknown_fields(answer) -> list[str]:
    told = answer.json()
    if "results" in told:
        (result,) = told["results"]
        told = result["problem"]
    return [error["field"] for error in told["errors"] if error["code"] == "unknown_field"]


@pytest.mark.parametrize("name", WRITES)
def test_no_object_of_a_body_takes_a_field_it_does_not_know(gateway, name):
    operation, before, wrong = WRITES[name], counts(), []
    for at in dict.fromkeys(objects_of(operation.body or {})):
        for extra, value in EXTRA.items():
            if extra in known_at(operation, at):
                continue
            body = body_with((*at, extra), value)
            if name == "transaction_create_bulk" and at:  # an item without a key is not read further
                body["transactions"][0] |= {"idempotency_key": uuid4().hex}
            answer = send(gateway, operation, body)
            is_refused = answer.status_code == 400 or (name in ITEMS_APART and answer.status_code == 200)
            named = unknown_fields(answer) if is_refused else []
            if not any(dotted((*at, extra)).endswith(field) for field in named):
                wrong.append((dotted(at), extra, answer.status_code, answer.text[:300]))

    assert wrong == []
    assert counts() == before


def known_at(operation, at) -> set[str | int]:
    """The names that some object at this place knows."""
    return {field[-1] for field in fields_of(operation.body) if field[:-1] == at}
