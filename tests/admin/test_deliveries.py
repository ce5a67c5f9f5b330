from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from scoring.services.groups import groups_ensure
from sentinel.core.ids import public_id, uuid7
from tests.admin.webhook_rows import attempt_row, delivery_row, endpoint_row
from webhooks.models import Delivery

pytestmark = pytest.mark.usefixtures("no_other_endpoints")

LOG = reverse("admin:webhooks_delivery_changelist")
REPLAY = reverse("admin:webhooks_delivery_replay")


def page_of(delivery: Delivery) -> str:
    return reverse("admin:webhooks_delivery_change", args=[delivery.pk])


def states() -> dict[str, int]:
    found = list(Delivery.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


@pytest.fixture
def endpoint(db):
    return endpoint_row()


@pytest.fixture
def lost(endpoint) -> Delivery:
    """A dead letter after two tries."""
    delivery = delivery_row(endpoint, state="dead", attempts_made=2)
    attempt_row(delivery, "timed_out", duration_ms=15_004, words="No answer in 15 s.")
    attempt_row(delivery, "refused", status_code=500, response_head="HTTP/1.1 500\n<b>oops</b>")
    return delivery


def test_the_log_is_newest_first(hooks_viewer, endpoint):
    first, second = (delivery_row(endpoint) for _ in range(2))

    assert list(hooks_viewer.get(LOG).context["cl"].result_list) == [second, first]


def test_the_log_asks_a_bounded_number_of_questions(hooks_viewer, endpoint, django_assert_max_num_queries):
    for _ in range(30):
        delivery_row(endpoint)

    with django_assert_max_num_queries(12):
        hooks_viewer.get(LOG)


def test_the_log_is_filtered(hooks_viewer, endpoint):
    old = timezone.now() - timedelta(days=3)
    old_id = uuid7(int(old.timestamp() * 1e9))
    ancient = delivery_row(endpoint, state="delivered", id=old_id, event_type="transaction.declined", now=old)
    dead = delivery_row(endpoint_row(), state="dead")

    def found(query: str) -> list[Delivery]:
        return list(hooks_viewer.get(f"{LOG}?{query}").context["cl"].result_list)

    assert found("state=dead") == [dead]
    assert found("made=day") == [dead]
    assert found("event_type=transaction.declined") == [ancient]
    assert found(f"endpoint={endpoint.public_id}") == [ancient]
    assert found(f"endpoint={endpoint.public_id}&state=dead") == []


def test_the_log_is_searched_by_any_name(hooks_viewer, endpoint, paid):
    wanted = delivery_row(endpoint, transaction_id=paid.pk)
    delivery_row(endpoint_row())

    names = (wanted.public_id, public_id("evt", wanted.event_id), paid.public_id, endpoint.public_id)
    for text in (*names, str(wanted.pk), str(wanted.event_id), str(paid.pk)):
        assert list(hooks_viewer.get(LOG, {"q": text}).context["cl"].result_list) == [wanted]
    for text in ("nonsense", public_id("dlv", uuid7()), str(uuid7())):
        assert list(hooks_viewer.get(LOG, {"q": text}).context["cl"].result_list) == []


def test_a_delivery_tells_of_each_try(hooks_viewer, lost):
    page = hooks_viewer.get(page_of(lost)).content.decode()

    assert "No answer in time" in page
    assert "15.0 s" in page
    assert "Refused by the receiver" in page
    assert "&lt;b&gt;oops&lt;/b&gt;" in page
    assert public_id("evt", lost.event_id) in page
    assert "&quot;amount&quot;: &quot;54.00&quot;" in page


def test_a_delivery_is_found_by_its_name(hooks_viewer, lost):
    url = reverse("admin:webhooks_delivery_change", args=[lost.public_id])

    assert hooks_viewer.get(url).context["delivery"] == lost


def test_a_body_that_is_no_json_is_shown_as_it_is(hooks_viewer, endpoint):
    assert hooks_viewer.get(page_of(delivery_row(endpoint, body="{broken"))).context["body"] == "{broken"


def test_when_it_is_tried_next_is_said(hooks_viewer, endpoint):
    later = delivery_row(endpoint, next_attempt_at=timezone.now() + timedelta(minutes=5, seconds=30))
    held = delivery_row(endpoint_row(state="paused"))

    assert "next try in 5 min" in hooks_viewer.get(page_of(later)).content.decode()
    assert "the endpoint is paused" in hooks_viewer.get(page_of(held)).content.decode()


def test_payment_and_delivery_lead_to_each_other(hooks_viewer, endpoint, paid):
    delivery = delivery_row(endpoint, transaction_id=paid.pk)
    payment_page = reverse("admin:ledger_transaction_change", args=[paid.pk])

    assert page_of(delivery) in hooks_viewer.get(payment_page).content.decode()
    assert payment_page in hooks_viewer.get(page_of(delivery)).content.decode()


def test_a_payment_page_shows_no_deliveries_to_those_who_may_not(reviewer, endpoint, paid):
    delivery_row(endpoint, transaction_id=paid.pk)
    page = reviewer.get(reverse("admin:ledger_transaction_change", args=[paid.pk])).content.decode()

    assert "Who was told" not in page


def test_one_is_replayed_after_a_question(hooks_operator, lost):
    question = f"{REPLAY}?ids={lost.pk.hex}"
    assert "Replay 1 delivery?" in hooks_operator.get(question).content.decode()
    assert states() == {"dead": 1}

    assert hooks_operator.post(question).url == page_of(lost)

    assert states() == {"waiting": 1}


def test_the_selected_are_replayed(hooks_operator, endpoint):
    chosen = [delivery_row(endpoint, state="dead") for _ in range(2)]
    delivery_row(endpoint, state="dead")
    told = {"action": "replay", "_selected_action": [str(each.pk) for each in chosen]}
    question = hooks_operator.post(LOG, told).url

    assert hooks_operator.post(question).url == LOG

    assert states() == {"waiting": 2, "dead": 1}


def test_all_that_match_the_filter_are_replayed(hooks_operator, endpoint):
    other = endpoint_row()
    for each in (endpoint, endpoint, other):
        delivery_row(each, state="dead")
    delivery_row(endpoint, state="delivered")
    question = hooks_operator.get(f"{LOG}?state=dead&endpoint={endpoint.public_id}").context["replay_url"]
    assert hooks_operator.get(question).context["count"] == 2

    hooks_operator.post(question)

    assert states() == {"waiting": 2, "dead": 1, "delivered": 1}


def test_a_search_narrows_what_is_replayed(hooks_operator, lost, endpoint):
    delivery_row(endpoint, state="dead")

    hooks_operator.post(f"{REPLAY}?q={lost.public_id}")

    lost.refresh_from_db()
    assert (lost.state, states()) == ("waiting", {"waiting": 1, "dead": 1})


def test_the_whole_log_is_never_replayed(hooks_operator, lost):
    assert hooks_operator.get(LOG).context["replay_url"] is None
    for query in ("", "?q=", "?p=0"):
        assert hooks_operator.post(REPLAY + query).status_code == 302

    assert states() == {"dead": 1}


def test_no_more_than_the_bound_are_replayed_and_the_oldest_first(hooks_operator, endpoint, monkeypatch):
    monkeypatch.setattr("webhooks.admin.replaying.REPLAYED_MAX", 2)
    newest = [delivery_row(endpoint, state="dead") for _ in range(3)][-1]
    question = f"{REPLAY}?state=dead"
    assert "More than 2 match" in hooks_operator.get(question).content.decode()

    hooks_operator.post(question)

    newest.refresh_from_db()
    assert (newest.state, states()) == ("dead", {"waiting": 2, "dead": 1})


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_what_an_endpoint_that_is_off_was_sent_is_not_replayed(hooks_operator, state):
    delivery = delivery_row(endpoint_row(state=state), state="dead")

    assert hooks_operator.get(page_of(delivery)).context["may_replay"] is False
    assert "Nothing to replay" in hooks_operator.post(f"{REPLAY}?ids={delivery.pk.hex}").content.decode()
    assert states() == {"dead": 1}


def test_what_waits_already_is_left_as_it_is(hooks_operator, endpoint):
    due = timezone.now() + timedelta(hours=1)
    delivery = delivery_row(endpoint, next_attempt_at=due)

    hooks_operator.post(f"{REPLAY}?ids={delivery.pk.hex}")

    delivery.refresh_from_db()
    assert delivery.next_attempt_at == due


def test_whoever_may_only_look_replays_nothing(hooks_viewer, lost):
    assert hooks_viewer.get(page_of(lost)).context["may_replay"] is False
    for url in (f"{REPLAY}?ids={lost.pk.hex}", f"{REPLAY}?state=dead", page_of(lost)):
        assert hooks_viewer.post(url).status_code == 403

    assert states() == {"dead": 1}


def test_nobody_adds_or_deletes_a_delivery_by_hand(admin_client, lost):
    assert admin_client.get(reverse("admin:webhooks_delivery_add")).status_code == 403
    assert admin_client.post(reverse("admin:webhooks_delivery_delete", args=[lost.pk])).status_code == 403
    admin_client.post(LOG, {"action": "delete_selected", "_selected_action": [str(lost.pk)], "post": "yes"})

    assert Delivery.objects.filter(pk=lost.pk).exists()


def test_staff_without_the_permission_see_nothing(nobody, lost):
    assert nobody.get(LOG).status_code == 403
    assert nobody.get(page_of(lost)).status_code == 403


def test_operators_run_webhooks(db):
    groups_ensure()
    operator = Group.objects.get(name="Operator")
    may = set(operator.permissions.filter(content_type__app_label="webhooks").values_list("codename", flat=True))

    assert may >= {"view_endpoint", "add_endpoint", "change_endpoint", "view_delivery", "change_delivery"}
    assert not may & {"delete_endpoint", "delete_delivery", "add_delivery"}
