"""The examples of docs/api.md, sent in their order to the service as one story.

A fenced block of the language `http` is a request; when it begins with "HTTP/" it is the answer to the request before
it. Accounts get names of their own for each run. Ids are learned from the answers: where the document says
txn_0192…, later requests send the id that this run got.
"""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from django.utils import timezone

from rules.domain.definitions import RuleDraft
from rules.domain.stages import Stage
from rules.domain.starter_rules import STARTER_RULES
from rules.models import Rule
from rules.services.shipped import shipped_rule_take_out, shipped_rules_publish
from sentinel.api.directory import directory_forget
from sentinel.api.services import client_secret_rotate
from sentinel.core.errors import SentinelError
from tests.docs.documents import DOCS, ROOT, blocks

pytestmark = pytest.mark.contract

API = DOCS / "api.md"
CLIENT_ID, CLIENT_SECRET = "5f0c4b5e-8a57-4c51-9a43-1f2b7c7e9d10", "cs_the_secret_of_the_client"
# Differ from one installation to the next: tests have no model.
VARIES = {"fraud_probability", "score_percentile", "risk_level", "versions", "degraded", "confidence"}
_ID = re.compile(r"[a-z]{2,5}_[0-9a-f]{32}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@dataclass
class Message:
    """One block: the first line, headers, and the body as text."""

    first_line: str
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, block: str) -> "Message":
        head, _, body = block.partition("\n\n")
        first_line, *lines = head.strip().splitlines()
        return cls(first_line, dict(line.split(": ", 1) for line in lines), body)


@dataclass
class Names:
    """What the document calls something, and what this run does."""

    of_document: dict[str, str] = field(default_factory=dict)

    def to_run(self, text: str) -> str:
        for documented, actual in self.of_document.items():
            text = text.replace(documented, actual)
        return text

    def compare(self, documented: object, actual: object, path: str = "") -> None:
        """Fails where the two differ, and learns the ids of this run."""
        if isinstance(documented, dict) and isinstance(actual, dict):
            assert documented.keys() == actual.keys(), path
            for name in documented.keys() - VARIES:
                self.compare(documented[name], actual[name], f"{path}.{name}")
        elif isinstance(documented, list) and isinstance(actual, list):
            assert len(documented) == len(actual), path
            for place, pair in enumerate(zip(documented, actual, strict=True)):
                self.compare(*pair, path=f"{path}[{place}]")
        elif isinstance(documented, str) and isinstance(actual, str):
            self._compare_texts(documented, actual, path)
        else:
            assert documented == actual, path

    def _compare_texts(self, documented: str, actual: str, path: str) -> None:
        if _ID.fullmatch(documented):
            assert _ID.fullmatch(actual), path
            assert self.of_document.setdefault(documented, actual) == actual, path
        elif _MOMENT.fullmatch(documented):
            assert _MOMENT.fullmatch(actual), path
        elif "…" not in documented:
            assert self.to_run(documented) == actual, path


@pytest.fixture
def starter_rule(committed) -> Iterator[None]:
    """The rule the document speaks of, as a new installation has it."""
    starter = next(rule for rule in STARTER_RULES if rule.code == "foreign_high_amount")
    rule = Rule(code=f"docs_{uuid4().hex[:8]}", name=starter.name)
    draft: RuleDraft = starter.draft
    shipped_rules_publish(rules=[(rule, draft, Stage.LIVE)], note="tests", now=timezone.now())
    yield
    shipped_rule_take_out(rule=rule, now=timezone.now())


def exchanges() -> list[tuple[Message, Message]]:
    messages = [Message.of(block) for block in blocks(API, "http")]
    assert [message.first_line.startswith("HTTP/") for message in messages] == [False, True] * (len(messages) // 2)
    return list(zip(messages[::2], messages[1::2], strict=True))


def send(gateway, names: Names, request: Message):
    method, target = request.first_line.split(" ", 1)
    body = names.to_run(request.body)
    return gateway.request(method, names.to_run(target), headers=request.headers, content=body.encode() or None)


def test_every_example_of_the_guide_runs(gateway, starter_rule):
    names = Names({"acc_alice": f"acc_alice_{uuid4().hex[:8]}"})
    names.of_document[CLIENT_ID] = str(gateway.client.id)
    names.of_document[CLIENT_SECRET] = client_secret_rotate(client=gateway.client)
    directory_forget()

    for request, answer in exchanges():
        response = send(gateway, names, request)
        assert str(response.status_code) == answer.first_line.split()[1], (request.first_line, response.text)
        for name, value in answer.headers.items():
            assert response.headers[name] == value
        names.compare(json.loads(answer.body), response.json(), request.first_line)


def test_every_json_block_is_json():
    for path in (ROOT / "README.md", *DOCS.glob("*.md")):
        for block in blocks(path, "json"):
            json.loads(block)


def test_the_payment_of_the_readme_runs(gateway):
    (command,) = [block for block in blocks(ROOT / "README.md", "sh") if "Idempotency-Key" in block]
    (text,) = re.findall(r"-d '(\{.*\})'", command, re.DOTALL)
    body = json.loads(text)
    account_id = gateway.open_account(currency=body["currency"])

    response = gateway.post("transactions", body | {"account_id": account_id})

    assert response.status_code == 201, response.text
    answer = next(json.loads(block) for block in blocks(ROOT / "README.md", "json"))
    assert answer.keys() == response.json().keys()
    assert answer["account_id"] == body["account_id"]


OF_PEOPLE = {
    "dashboard.errors",
    "rules.errors",
    "scoring.services.promotions",
    "scoring.services.model_evaluation",
    "scoring.services.evaluation_runs",
}


def test_codes_that_refusals_carry_are_in_the_guide():
    text = API.read_text()
    codes = {kind.code for kind in subclasses(SentinelError)}
    of_people = {
        # Met in the Admin and by commands, never by a gateway.
        *(kind.code for kind in subclasses(SentinelError) if kind.__module__ in OF_PEOPLE),
        *("unusable_file", "label_import_not_ready", "sample_already_decided"),
        *("case_unknown", "case_taken", "verdict_gone"),
        *("day_not_over", "files_changed", "import_under_way", "past_closed"),
        *("model_unusable", "model_missing", "model_truncated", "model_altered", "model_version_mismatch"),
        "error",
    }
    assert sorted(code for code in codes - of_people if f"`{code}`" not in text) == []


def subclasses(kind: type[SentinelError]) -> Iterator[type[SentinelError]]:
    """Of all apps: their errors are imported with the URLs."""
    import sentinel.urls  # noqa: F401

    yield kind
    yield from itertools.chain.from_iterable(map(subclasses, kind.__subclasses__()))


def test_scopes_and_response_codes_are_in_the_guide():
    from ledger.domain.receipts import _DECLINE_CODES
    from sentinel.api.scope_names import SCOPES

    text = API.read_text()
    words = [*SCOPES, *_DECLINE_CODES, *(code for code, _, _ in _DECLINE_CODES.values())]
    assert [word for word in words if f"`{word}`" not in text] == []
