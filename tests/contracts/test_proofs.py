"""The proof that a payment is sealed, and the script that checks it without us."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from django.utils import timezone

from ledger.services.seal.sealing import seal_round
from tests.gateway import Gateway
from tests.ledger.forgeries import uuid
from tests.ledger.own_record import older_writers_wait

pytestmark = pytest.mark.contract

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_proof.py"


@pytest.fixture(autouse=True)
def own_seal(tmp_path, settings) -> None:
    settings.SEAL_DIR = tmp_path


def paid(gateway: Gateway) -> str:
    return gateway.pay(gateway.open_account()).json()["id"]


def proof_of(gateway: Gateway, payment: str) -> dict:
    older_writers_wait()
    while seal_round(now=timezone.now()):
        pass
    return gateway.get(f"transactions/{payment}/proof").json()


def check(tmp_path: Path, proof: dict) -> subprocess.CompletedProcess[str]:
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    command = [sys.executable, str(SCRIPT), "proof.json", "public_key.pem"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)


def test_the_script_follows_a_payment_to_the_head_of_its_block(gateway, tmp_path):
    payment = paid(gateway)
    proof = proof_of(gateway, payment)

    done = check(tmp_path, proof)

    block = proof["block"]
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{payment} is sealed in block {block['number']}, head {block['head']}." in done.stdout


def test_what_is_sealed_is_the_payment_and_its_receipt_and_tells_no_reasons(gateway):
    answer = gateway.pay(gateway.open_account())
    content = json.loads(proof_of(gateway, answer.json()["id"])["leaf"]["content"])

    assert content[0] == str(uuid(answer.json()["id"]))
    assert sha256(answer.content).hexdigest() in content
    assert not any("reason" in str(value) for value in content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda proof: proof["leaf"].update(content=proof["leaf"]["content"].replace("INR", "EUR")),
            "lead to the root",
        ),
        (lambda proof: proof["block"].update(leaves=proof["block"]["leaves"] + 1), "not made of its root"),
        (lambda proof: proof.update(transaction_id="txn_" + "0" * 32), "another payment"),
        (lambda proof: proof["block"].update(signature="AAAA" * 21 + "AA=="), "not signed with this key"),
    ],
)
def test_a_proof_that_was_changed_proves_nothing(gateway, tmp_path, spoil, words):
    proof = proof_of(gateway, paid(gateway))
    spoil(proof)

    done = check(tmp_path, proof)

    assert done.returncode == 1
    assert words in done.stderr


def test_a_payment_of_a_moment_ago_is_not_sealed_yet(gateway):
    answer = gateway.get(f"transactions/{paid(gateway)}/proof")

    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (409, "not_sealed_yet", "1")


def test_a_test_payment_is_not_sealed_and_the_answer_says_so(new_gateway):
    tester = new_gateway(livemode=False, all_accounts=True)
    payment = paid(tester)
    while seal_round(now=timezone.now()):
        pass

    answer = tester.get(f"transactions/{payment}/proof")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_sealed")
    assert "Retry-After" not in answer.headers


def test_nobody_sees_the_proof_of_anothers_payment(gateway, stranger):
    answer = stranger.get(f"transactions/{paid(gateway)}/proof")

    assert (answer.status_code, answer.json()["code"]) == (404, "transaction_unknown")
