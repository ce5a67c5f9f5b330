"""What was scored can be read again, by whoever had it scored."""

import pytest

from scoring.services.predictions import predictions_finish
from tests.gateway import Gateway, purchase

pytestmark = pytest.mark.contract


def score(gateway: Gateway, *items) -> list[dict]:
    results = gateway.post("score", {"items": items}).json()["results"]
    gateway.loop.run(predictions_finish())
    return results


def listed(gateway: Gateway, **asked) -> list[dict]:
    return gateway.get("predictions", params=asked).json()["results"]


def test_what_was_scored_is_listed_newest_first_with_what_was_answered(gateway):
    account_id = gateway.open_account()
    first, second = score(gateway, purchase(account_id, "10.00"), purchase(account_id, "60.5", reference="r-2"))

    newest, oldest = listed(gateway)
    assert [newest["id"], oldest["id"]] == [second["id"], first["id"]]
    assert newest.pop("recorded_at").endswith("Z")
    versions = {name: number for name, number in second["versions"].items() if name != "features"}
    assert newest == {
        "id": second["id"],
        "source": "own",
        "account_id": account_id,
        "reference": "r-2",
        "amount": "60.50",
        "currency": "INR",
        "outcome": second["outcome"],
        "livemode": True,
        "fraud_probability": second["fraud_probability"],
        "score_percentile": second["score_percentile"],
        "versions": versions,
    }


def test_they_can_be_narrowed_and_come_page_by_page(gateway):
    account_id = gateway.open_account()
    score(gateway, *(purchase(account_id, f"{number}.00", reference=f"r-{number}") for number in (1, 2, 3)))

    assert [each["reference"] for each in listed(gateway, reference="r-2")] == ["r-2"]
    assert len(listed(gateway, account_id=account_id, outcome="approve")) == 3
    assert listed(gateway, outcome="decline") == listed(gateway, model="another") == []
    page = gateway.get("predictions", params={"limit": 2}).json()
    following = gateway.get(page["next"].removeprefix("http://localhost")).json()
    assert [each["reference"] for each in page["results"] + following["results"]] == ["r-3", "r-2", "r-1"]


def test_nobody_sees_those_of_others_and_scores_take_their_own_scope(gateway, stranger, new_gateway):
    score(gateway, purchase(gateway.open_account()))
    assert listed(stranger) == []

    plain = new_gateway(scopes=["score:write", "predictions:read", "accounts:write"])
    score(plain, purchase(plain.open_account()))
    assert not {"versions", "score_percentile", "fraud_probability"} & listed(plain)[0].keys()
    assert new_gateway(scopes=["score:write"]).get("predictions").status_code == 403


@pytest.mark.parametrize(
    "asked", [{"outcome": "maybe"}, {"source": "theirs"}, {"sort": "x"}, {"cursor": "x"}, {"account_id": "a\0b"}]
)
def test_what_cannot_be_asked_is_named(gateway, asked):
    answer = gateway.get("predictions", params=asked)

    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, list(asked))
