import pytest

from ledger.models import Decision, Event, IdempotencyKey, Transaction

pytestmark = pytest.mark.contract


def test_a_payment_is_approved_recorded_and_answered(gateway):
    account_id = gateway.open_account("10000.00")

    response = gateway.pay(account_id, "54.00")

    assert response.status_code == 201
    receipt = response.json()
    assert receipt["outcome"] == "approve"
    assert receipt["status"] == "approved"
    assert receipt["balance"] == {"posted": "9946.00", "held": "0.00", "available": "9946.00"}
    assert gateway.balance(account_id)["available"] == "9946.00"
    assert Transaction.objects.get(account_id=account_id).amount_minor == 5400


def test_the_path_of_the_brief_answers_alike(gateway):
    account_id = gateway.open_account()

    response = gateway.post("/transaction", {**_purchase(account_id), "amount": "1.00"})

    assert response.status_code == 201
    assert response.json()["balance"]["available"] == "9999.00"


def test_a_replay_is_byte_identical_and_says_so(gateway):
    account_id = gateway.open_account()
    first = gateway.pay(account_id, key="one")

    again = gateway.pay(account_id, key="one")

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Transaction.objects.filter(account_id=account_id).count() == 1


def test_a_replay_with_reordered_fields_is_the_same_request(gateway):
    account_id = gateway.open_account()
    first = gateway.post("transactions", _purchase(account_id), key="one")

    again = gateway.post("transactions", dict(reversed(_purchase(account_id).items())), key="one")

    assert again.content == first.content


def test_a_quoted_key_is_the_same_key(gateway):
    account_id = gateway.open_account()
    first = gateway.pay(account_id, key="quoted")

    assert gateway.pay(account_id, key='"quoted"').content == first.content


def test_the_same_moment_in_another_zone_is_the_same_request(gateway):
    account_id = gateway.open_account()
    first = gateway.pay(account_id, key="one", occurred_at="2026-01-31T12:00:00Z")

    again = gateway.pay(account_id, key="one", occurred_at="2026-01-31T17:30:00+05:30")

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_quoted_key_finds_its_payment(gateway):
    paid = gateway.pay(gateway.open_account(), key="quoted").json()

    found = [
        gateway.get("transactions", params={"idempotency_key": key}).json()["results"]
        for key in ("quoted", '"quoted"')
    ]

    assert [[item["id"] for item in items] for items in found] == [[paid["id"]], [paid["id"]]]


def test_another_request_with_the_same_key_is_refused(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id, "100.00", key="one")

    refused = gateway.pay(account_id, "200.00", key="one")

    assert refused.status_code == 422
    assert refused.json()["code"] == "idempotency_key_reused"
    assert gateway.balance(account_id)["available"] == "9900.00"


def test_two_gateways_may_use_the_same_key(gateway, stranger):
    ours = gateway.pay(gateway.open_account(), key="shared").json()
    theirs = stranger.pay(stranger.open_account(), key="shared").json()

    assert ours["id"] != theirs["id"]


def test_a_refused_request_may_be_corrected_under_the_same_key(gateway):
    account_id = gateway.open_account()
    assert gateway.pay(account_id, "abc", key="one").status_code == 400

    assert gateway.pay(account_id, "1.00", key="one").status_code == 201


def test_a_payment_over_the_funds_is_declined_and_moves_nothing(gateway):
    account_id = gateway.open_account("100.00")

    receipt = gateway.pay(account_id, "100.01").json()

    assert receipt["outcome"] == "decline"
    assert receipt["response_code"] == "insufficient_funds"
    assert "funds.insufficient" in [reason["code"] for reason in receipt["reasons"]]
    assert gateway.balance(account_id)["available"] == "100.00"


def test_the_last_penny_can_be_spent(gateway):
    account_id = gateway.open_account("100.00")

    assert gateway.pay(account_id, "100.00").json()["outcome"] == "approve"


def test_a_credit_line_lets_the_balance_go_down_to_its_floor(gateway):
    account_id = gateway.open_account("0", floor="-500.00")

    assert gateway.pay(account_id, "500.00").json()["balance"]["available"] == "-500.00"
    assert gateway.pay(account_id, "0.01").json()["outcome"] == "decline"


@pytest.mark.parametrize(
    ("currency", "opening", "amount", "left"),
    [("JPY", "5000", "1200", "3800"), ("BHD", "10.000", "0.125", "9.875"), ("INR", "10.00", "0.01", "9.99")],
)
def test_each_currency_has_its_own_decimals(gateway, currency, opening, amount, left):
    account_id = gateway.open_account(opening, currency=currency)

    receipt = gateway.pay(account_id, amount, currency=currency).json()

    assert receipt["amount"] == amount
    assert receipt["balance"]["available"] == left


def test_a_transfer_moves_money_between_two_accounts(gateway):
    alice, bob = gateway.open_account("100.00"), gateway.open_account("0")

    receipt = gateway.post("transactions", _transfer(alice, bob, "30.00")).json()

    assert receipt["status"] == "approved"
    assert gateway.balance(alice)["available"] == "70.00"
    assert gateway.balance(bob)["available"] == "30.00"


def test_a_top_up_brings_money_in(gateway):
    account_id = gateway.open_account("0")
    body = {"account_id": account_id, "amount": "25.00", "currency": "INR", "transaction_type": "top_up"}

    assert gateway.post("transactions", body).json()["balance"]["available"] == "25.00"


def test_a_frozen_account_declines_until_it_is_thawed(gateway):
    account_id = gateway.open_account()
    gateway.post(f"accounts/{account_id}/freeze", {"reason": "card lost"})

    frozen = gateway.pay(account_id).json()
    gateway.post(f"accounts/{account_id}/freeze", {"frozen": False, "reason": "card found"})

    assert frozen["outcome"] == "decline"
    assert frozen["response_code"] == "account_unavailable"
    assert gateway.pay(account_id).json()["outcome"] == "approve"


def test_the_daily_limit_counts_a_day_at_home(gateway):
    account_id = gateway.open_account(daily_limit="250.00")
    # 18:30 UTC is midnight in Kolkata.
    before = [gateway.pay(account_id, occurred_at="2026-01-10T18:00:00Z").json()["outcome"] for _ in range(3)]

    after = gateway.pay(account_id, occurred_at="2026-01-10T18:31:00Z").json()

    assert before == ["approve", "approve", "decline"]
    assert after["outcome"] == "approve"


def test_a_backdated_payment_counts_for_its_own_day(gateway):
    account_id = gateway.open_account(daily_limit="250.00")
    for moment in ("2026-01-10T10:00:00Z", "2026-01-10T11:00:00Z", "2026-01-12T10:00:00Z"):
        gateway.pay(account_id, occurred_at=moment)

    late = gateway.pay(account_id, occurred_at="2026-01-10T12:00:00Z").json()

    assert [reason["code"] for reason in late["reasons"]] == ["limit.daily"]


def test_every_decision_leaves_one_event_and_one_key(gateway):
    account_id = gateway.open_account("100.00")
    gateway.pay(account_id, "60.00", key="a")
    gateway.pay(account_id, "60.00", key="b")

    events = Event.objects.filter(account_id=account_id).order_by("id").values_list("type", flat=True)

    assert list(events) == ["transaction.approved", "transaction.declined"]
    assert IdempotencyKey.objects.filter(client_id=gateway.client.id).count() == 2


def test_without_the_explain_scope_no_reason_is_shown(new_gateway):
    gateway = new_gateway(scopes=["transactions:write", "transactions:read", "accounts:write", "accounts:read"])
    account_id = gateway.open_account("1.00")

    receipt = gateway.pay(account_id, "2.00").json()

    assert receipt["response_code"] == "insufficient_funds"
    assert not {"reasons", "score_percentile", "versions", "risk_level"} & set(receipt)
    assert "reasons" not in gateway.get(f"transactions/{receipt['id']}").json()


def test_personal_details_are_kept_apart_from_the_transaction(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id, card={"token": "tok_secret"}, device={"id": "dev_secret", "ip": "203.0.113.9"})

    payment = Transaction.objects.get(account_id=account_id)

    assert payment.personal_detail.card_token == "tok_secret"
    assert b"secret" not in bytes(Decision.objects.get(transaction=payment).receipt)
    assert len(bytes(payment.detail_commitment)) == 32


def test_history_shows_own_payments_newest_first_with_their_state(gateway, stranger):
    account_id = gateway.open_account()
    paid = [gateway.pay(account_id, reference=f"order-{n}").json()["id"] for n in range(3)]

    history = gateway.get("transactions", params={"account_id": account_id}).json()

    assert [item["id"] for item in history["results"]] == paid[::-1]
    assert history["results"][0]["current"] == {"status": "approved", "reversed": "0.00"}
    assert stranger.get("transactions").json()["results"] == []


def test_history_is_paged_and_filtered(gateway):
    account_id = gateway.open_account()
    for number in range(3):
        gateway.pay(account_id, key=f"key-{number}", reference=f"order-{number}")

    first = gateway.get("transactions", params={"limit": 2}).json()
    rest = gateway.get(first["next"].removeprefix("http://localhost")).json()

    assert [len(first["results"]), len(rest["results"])] == [2, 1]
    assert gateway.get("transactions", params={"reference": "order-1"}).json()["results"][0]["reference"] == "order-1"
    assert len(gateway.get("transactions", params={"idempotency_key": "key-2"}).json()["results"]) == 1
    assert gateway.get("transactions", params={"outcome": "decline"}).json()["results"] == []


def _purchase(account_id):
    return {
        "account_id": account_id,
        "amount": "100.00",
        "currency": "INR",
        "transaction_type": "purchase",
        "merchant": {"id": "m_17", "country": "IN"},
    }


def _transfer(payer, receiver, amount):
    return {
        "account_id": payer,
        "counterparty_account_id": receiver,
        "amount": amount,
        "currency": "INR",
        "transaction_type": "transfer",
    }
