"""A full card number in any text that anybody may send: refused, never stored, never logged.

The texts are found in the published document, in the columns of files and in the forms of the Admin's pages, so a new
one is tried by itself.
"""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.security.openapi import Operation, Path, body_with, dotted, operations, texts_of
from tests.security.traces import log_as_it_is_written, new_card_number, spellings, tables_with

pytestmark = pytest.mark.contract

# Whose items fail alone: each answers for itself, inside an answer with 200.
ITEMS_APART = {"transaction_create_bulk", "score_create", "prediction_create"}
WRITES = {operation.name: operation for operation in operations() if operation.body is not None}


def places(operation: Operation) -> list[Path]:
    return list(dict.fromkeys(texts_of(operation.body or {})))


def refused_fields(operation: Operation, answer) -> list[str]:
    """Those named as holding a card number."""
    told = answer.json()
    if operation.name in ITEMS_APART and answer.status_code == 200:
        (result,) = told["results"]
        told = result["problem"]
    return [error["field"] for error in told["errors"] if error["code"] == "card_number"]


def send(gateway, operation: Operation, body: Any, key: str = ""):
    # Requests for tokens are counted by the address they come from.
    caller = gateway.at(f"fd00:{uuid4().hex[:4]}::1") if "/auth/" in operation.path else gateway
    path = re.sub(r"{\w+}", "1", operation.path)
    return caller.request(operation.method, path, json=body, headers={"Idempotency-Key": key or uuid4().hex})


def test_the_document_has_many_texts():
    assert sum(len(places(operation)) for operation in WRITES.values()) > 120


@pytest.mark.parametrize("name", WRITES)
def test_no_text_of_a_body_takes_a_card_number(gateway, name):
    operation, number = WRITES[name], new_card_number()
    wrong = []
    with log_as_it_is_written() as log:
        for at in places(operation):
            for text in spellings(number):
                answer = send(gateway, operation, body_with(at, text))
                is_refused = answer.status_code == 400 or (name in ITEMS_APART and answer.status_code == 200)
                named = refused_fields(operation, answer) if is_refused else []
                if len(named) != 1 or not dotted(at).endswith(named[0]) or number in answer.text:
                    wrong.append((dotted(at), text, answer.status_code, answer.text[:300]))

    assert wrong == []
    assert number not in log.getvalue()
    assert tables_with(number) == []


@pytest.mark.parametrize("name", [operation.name for operation in operations() if operation.method == "post"])
def test_no_key_of_a_request_is_a_card_number(gateway, name):
    (operation,) = [each for each in operations() if each.name == name]
    number = new_card_number()
    with log_as_it_is_written() as log:
        answers = [send(gateway, operation, {}, key=text) for text in spellings(number)]

    assert {answer.status_code // 100 for answer in answers} == {4}
    assert number not in log.getvalue()
    assert tables_with(number) == []
