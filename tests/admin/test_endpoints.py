import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry
from tests.admin.webhook_rows import URL, attempt_row, delivery_row, endpoint_row
from tests.factories import make_client
from webhooks.models import Delivery, Endpoint
from webhooks.selectors.secrets import signing_secrets

pytestmark = pytest.mark.usefixtures("no_other_endpoints")

LIST = reverse("admin:webhooks_endpoint_changelist")
ADD = reverse("admin:webhooks_endpoint_add")
FORM = {"url": URL, "description": "orders, Mumbai", "concurrency_max": "4"}


def page_of(endpoint: Endpoint) -> str:
    return reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])


def edit_page(endpoint: Endpoint) -> str:
    return reverse("admin:webhooks_endpoint_edit", args=[endpoint.pk])


def step_page(endpoint: Endpoint, name: str) -> str:
    return reverse("admin:webhooks_endpoint_step", args=[endpoint.pk, name])


def secret_shown(page) -> str:
    match = re.search(r'<code id="secret">(whsec_[^<]+)</code>', page.content.decode())
    assert match
    return match[1]


def made(operator, **changes) -> Endpoint:
    client = changes.pop("client", None) or make_client()
    assert "secret" in operator.post(ADD, {**FORM, "client": client.pk, **changes}).context
    return Endpoint.objects.get(client=client)


def test_an_endpoint_is_added_with_what_it_hears(hooks_operator):
    told = {
        "payment_events": ["transaction.declined", "transaction.approved"],
        "merchant_id": "m_17",
        "headers": "Authorization: Bearer abc:def\n\nX-Shop: 7",
    }
    endpoint = made(hooks_operator, **told)

    assert endpoint.event_types == ["transaction.approved", "transaction.declined"]
    assert (endpoint.url, endpoint.description, endpoint.merchant_id) == (URL, "orders, Mumbai", "m_17")
    assert endpoint.headers == {"Authorization": "Bearer abc:def", "X-Shop": "7"}
    assert (endpoint.concurrency_max, endpoint.created_by, endpoint.state) == (4, "omar", "active")


def test_its_secret_is_shown_once(hooks_operator):
    client = make_client()
    secret = secret_shown(hooks_operator.post(ADD, {**FORM, "client": client.pk}))
    endpoint = Endpoint.objects.get()

    assert signing_secrets(endpoint.pk, timezone.now())
    for url in (LIST, page_of(endpoint), edit_page(endpoint)):
        assert secret not in hooks_operator.get(url).content.decode()
    assert secret not in str(AuditEntry.objects.values())


@pytest.mark.parametrize(
    ("field", "changes", "words"),
    [
        ("url", {"url": ""}, "required"),
        ("url", {"url": "http://hooks.example.com/"}, "https://"),
        ("url", {"url": "https://10.0.0.7/"}, "not a public address"),
        ("url", {"url": "https://ann:secret@hooks.example.com/"}, "Leave name and password out"),
        ("payment_events", {"payment_events": ["transaction.lost"]}, "transaction.lost"),
        ("bank_events", {"bank_events": ["fraud.alert"]}, "alerts:read"),
        ("headers", {"headers": "Authorization Bearer"}, "Line 1 is no header"),
        ("headers", {"headers": "A: 1\na: 2"}, "there twice"),
        ("headers", {"headers": "Host: elsewhere"}, "Host is set by the sender"),
        ("headers", {"headers": "X-Card: 4111111111111111"}, "card number"),
        ("concurrency_max", {"concurrency_max": "33"}, "32"),
        ("description", {"description": "card 4111 1111 1111 1111"}, "card number"),
        ("merchant_id", {"merchant_id": "m" * 101}, "100"),
        ("client", {"client": ""}, "required"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(hooks_operator, field, changes, words):
    client, audited = make_client(scopes=["webhooks:read"]), AuditEntry.objects.count()
    page = hooks_operator.post(ADD, {**FORM, "client": client.pk, **changes})

    assert words in " ".join(page.context["form"].errors[field])
    assert (Endpoint.objects.count(), AuditEntry.objects.count()) == (0, audited)


def test_the_bank_s_own_events_are_for_live_clients_with_the_scope(hooks_operator):
    endpoint = made(hooks_operator, client=make_client(scopes=["alerts:read"]), bank_events=["system.alert"])

    assert endpoint.event_types == ["system.alert"]


def test_what_was_typed_stays_after_a_refusal(hooks_operator):
    told = {**FORM, "client": make_client().pk, "url": "https://10.0.0.7/", "headers": "X-Shop: 7"}
    page = hooks_operator.post(ADD, told).content.decode()

    assert "https://10.0.0.7/" in page
    assert "X-Shop: 7" in page
    assert "Nothing was saved" in page


def test_an_endpoint_is_changed(hooks_operator):
    endpoint = endpoint_row(headers={"X-Shop": "7"}, event_types=["transaction.approved"])
    assert b"X-Shop: 7" in hooks_operator.get(edit_page(endpoint)).content

    told = {**FORM, "url": "https://hooks.example.com/new", "payment_events": ["transaction.expired"]}
    assert hooks_operator.post(edit_page(endpoint), told).url == page_of(endpoint)

    endpoint.refresh_from_db()
    assert endpoint.url == "https://hooks.example.com/new"
    assert (endpoint.event_types, endpoint.headers) == (["transaction.expired"], {})


def test_a_change_that_cannot_be_is_refused(hooks_operator):
    endpoint = endpoint_row()
    page = hooks_operator.post(edit_page(endpoint), {**FORM, "url": "https://10.0.0.7/"})

    assert "not a public address" in page.context["form"].errors["url"][0]
    endpoint.refresh_from_db()
    assert endpoint.url == URL


def test_the_list_shows_how_each_fares(hooks_operator):
    endpoint = endpoint_row()
    for result in ("delivered", "delivered", "delivered", "timed_out"):
        attempt_row(delivery_row(endpoint, state="delivered"), result)
    delivery_row(endpoint, state="dead")
    page = hooks_operator.get(LIST).content.decode()

    assert "75.0 %" in page
    assert "84 ms" in page
    assert f"?endpoint={endpoint.public_id}&amp;state=dead" in page


def test_the_list_is_filtered_and_searched(hooks_operator):
    kept = endpoint_row(description="first", url="https://one.example.com/")
    endpoint_row(description="second", url="https://two.example.com/", state="disabled")
    failing = endpoint_row(description="third", failing_since=timezone.now())
    endpoint_row(description="fourth", state="deleted")

    def found(query: str) -> list[str]:
        rows = hooks_operator.get(f"{LIST}?{query}").context["cl"].result_list
        return [endpoint.description for endpoint in rows]

    assert found("") == ["third", "second", "first"]
    assert found("state=disabled") == ["second"]
    assert found("state=failing") == ["third"]
    assert found("state=deleted") == ["fourth"]
    assert found("q=one.example") == ["first"]
    assert found(f"q={failing.public_id}") == ["third"]
    assert found(f"client__id__exact={kept.client_id}") == ["first"]


def test_the_page_says_why_it_is_disabled(hooks_operator):
    endpoint = endpoint_row(state="disabled", state_reason="It answered 410 Gone.")
    page = hooks_operator.get(page_of(endpoint))

    assert "Disabled: It answered 410 Gone." in page.content.decode()
    assert [name for name, *_ in page.context["steps"]] == ["rotate", "resume", "delete"]


def test_the_page_shows_names_of_headers_and_no_values(hooks_viewer):
    page = hooks_viewer.get(page_of(endpoint_row(headers={"Authorization": "Bearer abc"}))).content.decode()

    assert "Authorization" in page
    assert "Bearer abc" not in page


def test_the_page_shows_both_secrets_while_both_sign(hooks_operator):
    endpoint = endpoint_row()
    hooks_operator.post(step_page(endpoint, "rotate"))
    page = hooks_operator.get(page_of(endpoint))

    current, before = page.context["secrets"]
    assert (current.expires_at, before.expires_at > timezone.now()) == (None, True)
    assert "Secret before, signs too" in page.content.decode()


def test_a_rotated_secret_is_shown_once_after_a_question(hooks_operator):
    endpoint = endpoint_row()
    assert "Rotate the secret of orders?" in hooks_operator.get(step_page(endpoint, "rotate")).content.decode()
    assert endpoint.secrets.count() == 1

    secret = secret_shown(hooks_operator.post(step_page(endpoint, "rotate")))

    assert endpoint.secrets.count() == 2
    assert secret not in hooks_operator.get(page_of(endpoint)).content.decode()


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("active", "pause", "paused"),
        ("paused", "resume", "active"),
        ("disabled", "resume", "active"),
        ("active", "delete", "deleted"),
    ],
)
def test_a_step_is_taken_once_it_is_confirmed(hooks_operator, before, name, after):
    endpoint = endpoint_row(state=before)
    hooks_operator.get(step_page(endpoint, name))
    endpoint.refresh_from_db()
    assert endpoint.state == before

    assert hooks_operator.post(step_page(endpoint, name)).url == page_of(endpoint)

    endpoint.refresh_from_db()
    assert endpoint.state == after


def test_a_step_that_the_state_does_not_allow_is_refused_in_words(hooks_operator):
    endpoint = endpoint_row(state="deleted")
    page = hooks_operator.post(step_page(endpoint, "pause"))

    assert "The endpoint is deleted." in page.content.decode()
    endpoint.refresh_from_db()
    assert endpoint.state == "deleted"


def test_a_deleted_endpoint_keeps_its_row_and_offers_nothing(hooks_operator):
    endpoint = endpoint_row(state="deleted")
    page = hooks_operator.get(page_of(endpoint))

    assert (page.context["steps"], page.context["may_change"]) == ([], False)
    assert hooks_operator.post(reverse("admin:webhooks_endpoint_delete", args=[endpoint.pk])).status_code == 403
    assert Endpoint.objects.filter(pk=endpoint.pk).exists()


def test_a_test_send_leads_to_its_delivery(hooks_operator):
    endpoint = endpoint_row()
    answer = hooks_operator.post(step_page(endpoint, "test"))

    delivery = Delivery.objects.get(endpoint=endpoint)
    assert delivery.event_type == "endpoint.test"
    assert answer.url == reverse("admin:webhooks_delivery_change", args=[delivery.pk])


def test_what_was_missed_is_recovered_since_a_moment(hooks_operator):
    endpoint = endpoint_row()
    lost = delivery_row(endpoint, state="dead")
    since = timezone.now() - timedelta(hours=2)
    answer = hooks_operator.post(step_page(endpoint, "recover"), {"since": f"{since:%Y-%m-%dT%H:%M}"})

    assert answer.url == page_of(endpoint)
    lost.refresh_from_db()
    assert lost.state == "waiting"


@pytest.mark.parametrize("since", ["", "soon", "2999-01-01T00:00", "2001-01-01T00:00"])
def test_a_moment_that_cannot_be_is_refused(hooks_operator, since):
    endpoint = endpoint_row()
    lost = delivery_row(endpoint, state="dead")
    page = hooks_operator.post(step_page(endpoint, "recover"), {"since": since})

    assert page.context["form"].errors["since"]
    lost.refresh_from_db()
    assert lost.state == "dead"


def test_whoever_may_only_look_changes_nothing(hooks_viewer):
    endpoint = endpoint_row()
    page = hooks_viewer.get(page_of(endpoint))

    assert (page.status_code, page.context["steps"]) == (200, [])
    steps = [step_page(endpoint, name) for name in ("test", "recover", "rotate", "pause", "resume", "delete")]
    for url in (ADD, edit_page(endpoint), page_of(endpoint), *steps):
        assert hooks_viewer.post(url, FORM).status_code == 403
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.secrets.count(), Delivery.objects.count()) == ("active", 1, 0)


def test_staff_without_the_permission_see_nothing(nobody):
    assert nobody.get(LIST).status_code == 403
    assert nobody.get(page_of(endpoint_row())).status_code == 403


def test_an_endpoint_or_a_step_that_is_not_there_is_not_found(hooks_operator):
    endpoint = endpoint_row()

    assert hooks_operator.get(step_page(endpoint, "explode")).status_code == 404
    endpoint.client.endpoints.all().delete()
    assert hooks_operator.get(step_page(endpoint, "pause")).status_code == 404
    assert hooks_operator.get(edit_page(endpoint)).status_code == 404
