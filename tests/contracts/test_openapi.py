"""The published contract: what it says is what runs, and it breaks no client."""

import copy
import re

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command

from sentinel.api.contract import breaking_differences
from webhooks.domain.event_types import EVENT_TYPES, TEST_EVENT

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text())


def test_the_committed_document_is_what_the_code_says(capsys):
    call_command("check_openapi")


def test_a_document_that_is_behind_is_noticed(tmp_path, settings, document):
    document = copy.deepcopy(document)
    del document["paths"]["/api/v1/labels"]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "openapi.yaml").write_text(yaml.safe_dump(document))
    settings.BASE_DIR = tmp_path

    with pytest.raises(CommandError, match="behind the code"):
        call_command("check_openapi")


def request_body(document):
    return document["components"]["schemas"]["PaymentIn"]


BREAKING = {
    "an operation is gone": lambda d: d["paths"].pop("/transaction"),
    "a field is gone": lambda d: request_body(d)["properties"].pop("reference"),
    "a field is demanded": lambda d: request_body(d)["required"].append("channel"),
    "a choice is gone": lambda d: request_body(d)["properties"]["transaction_type"]["enum"].pop(),
    "a pattern is tighter": lambda d: request_body(d)["properties"]["amount"].update(pattern="^[0-9]+$"),
    "a text may be less long": lambda d: request_body(d)["properties"]["reference"]["anyOf"][0].update(maxLength=199),
    "an answer lacks a field": lambda d: d["components"]["schemas"]["ReceiptOut"]["properties"].pop("status"),
    "a field may be missing": lambda d: d["components"]["schemas"]["ReceiptOut"]["required"].remove("status"),
    "a header is demanded": lambda d: d["paths"]["/api/v1/labels"]["get"]["parameters"][0].update(required=True),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_breaking_differences_are_seen(document, change):
    changed = copy.deepcopy(document)
    change(changed)

    assert breaking_differences(document, changed)


def test_additions_and_wider_limits_break_nobody(document):
    changed = copy.deepcopy(document)
    request_body(changed)["properties"]["reference"]["anyOf"][0]["maxLength"] = 201
    request_body(changed)["properties"]["colour"] = {"type": "string"}
    changed["components"]["schemas"]["ReceiptOut"]["properties"]["colour"] = {"type": "string"}
    changed["paths"]["/api/v1/new"] = {"get": {"responses": {"200": {}}}}

    assert breaking_differences(document, changed) == []
    assert breaking_differences(document, document) == []


def test_another_shape_beside_the_one_that_was_known_breaks_nobody_and_a_stricter_one_does(document):
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["OtherIn"] = {"type": "object", "required": ["colour"], "properties": {}}
    body = changed["paths"]["/api/v1/labels"]["post"]["requestBody"]["content"]["application/json"]
    known = body["schema"]
    body["schema"] = {"anyOf": [known, {"$ref": "#/components/schemas/OtherIn"}]}
    assert breaking_differences(document, changed) == []

    body["schema"] = {"anyOf": [{"$ref": "#/components/schemas/OtherIn"}, {"type": "null"}]}
    assert "now demanded: POST /api/v1/labels body.colour" in breaking_differences(document, changed)


def test_the_examples_of_the_document_run(gateway, document):
    accounts = {"acc_alice": gateway.open_account("100000.00"), "acc_bob": gateway.open_account("0")}
    content = document["paths"]["/api/v1/transactions"]["post"]["requestBody"]["content"]["application/json"]

    for name, example in content["examples"].items():
        body = {
            key: accounts.get(value, value) if isinstance(value, str) else value
            for key, value in example["value"].items()
        }
        response = gateway.post("transactions", body)
        assert response.status_code == 201, (name, response.text)


def test_the_documentation_is_served_without_credentials(gateway):
    assert gateway.get("/api/schema/", headers={"X-API-Key": ""}).status_code == 200


def test_what_the_document_points_at_is_in_it(document):
    names = set(re.findall(r"'#/components/schemas/(\w+)'", repr(document)))

    assert names - document["components"]["schemas"].keys() == set()
    assert "TransactionDecided" in names


def test_each_event_that_is_sent_is_in_the_document_with_the_headers_that_sign_it(document):
    assert document["webhooks"].keys() == {*EVENT_TYPES, TEST_EVENT}
    for event, item in document["webhooks"].items():
        operation = item["post"]
        shape = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        kinds = document["components"]["schemas"][shape]["properties"]["type"]
        assert event in kinds.get("enum", [kinds.get("const")])
        names = [parameter["name"] for parameter in operation["parameters"] if parameter["required"]]
        assert names == ["webhook-id", "webhook-timestamp", "webhook-signature"]
