"""What stands far off opens a finding with an alarm, once, and closes by itself; what is old is forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import BankEvent, OutboxPending, RecordMark
from rules.models import Alarm
from scoring.models import QualityCount, QualityFinding, RefusedRequest
from scoring.services import quality_upkeep
from scoring.services.quality_upkeep import quality_forget, same_references_count
from scoring.services.quality_watch import quality_watch
from scoring.tasks import data_quality_forget, data_quality_watch
from sentinel.core.ids import uuid7
from tests.factories import make_account, make_client, make_payment

Kind = QualityCount.Kind


@pytest.fixture
def shop(db):
    QualityCount.objects.all().delete()
    return make_client()


def count(client, day, kind: str, requests: int, field: str = "", code: str = "") -> None:
    QualityCount.objects.create(client=client, day=day, kind=kind, field=field, code=code, requests=requests)


def days(client, now, *, missing_today: int, today: int = 1000) -> None:
    """A fortnight in which one payment in ten came without a device, and today."""
    QualityCount.objects.filter(client=client).delete()
    for ago in range(1, 15):
        count(client, now.date() - timedelta(days=ago), Kind.RECEIVED, 1000, "purchase")
        count(client, now.date() - timedelta(days=ago), Kind.MISSING, 100, "device.id")
    count(client, now.date(), Kind.RECEIVED, today, "purchase")
    count(client, now.date(), Kind.MISSING, missing_today, "device.id")


def told() -> list[tuple[str, str]]:
    events = BankEvent.objects.filter(subject__startswith="client:").order_by("id")
    return [(each.subject, each.payload["kind"]) for each in events]


def test_a_field_that_is_suddenly_missing_is_told_once(shop):
    now = timezone.now()
    days(shop, now, missing_today=600)

    assert quality_watch(now=now) == 1
    assert quality_watch(now=now) == 0

    finding = QualityFinding.objects.get(client=shop)
    assert (finding.kind, finding.field, finding.share, finding.closed_at) == ("missing", "device.id", 0.6, None)
    subject = f"client:{shop.name} device.id"
    assert told() == [(subject, "quality.missing")]
    assert OutboxPending.objects.filter(event_id=BankEvent.objects.get(subject=subject).pk).exists()
    alarm = Alarm.objects.get(subject=subject)
    assert alarm.words == (
        f"Of {shop.name}, 60.0% of payments come without device.id today; usual is 10.0%. "
        "Ask the gateway what changed; rules and the model know less of these payments."
    )


def test_it_closes_when_the_share_is_usual_again_and_the_alarm_with_it(shop):
    now = timezone.now()
    days(shop, now, missing_today=600)
    quality_watch(now=now)

    days(shop, now, missing_today=140)  # no longer drifting, not yet usual
    assert quality_watch(now=now) == 0
    days(shop, now, missing_today=110)
    assert quality_watch(now=now) == 1

    finding = QualityFinding.objects.get(client=shop)
    assert finding.closed_at == now
    assert [kind for _, kind in told()] == ["quality.missing", "quality.usual_again"]
    assert Alarm.objects.get(kind="quality.missing").seen_by == "data quality"
    days(shop, now, missing_today=700)
    assert quality_watch(now=now) == 1  # and may open once more
    assert QualityFinding.objects.filter(client=shop).count() == 2


def test_while_too_few_requests_came_nothing_opens_or_closes(shop):
    now = timezone.now()
    days(shop, now, missing_today=90, today=100)
    assert quality_watch(now=now) == 0

    days(shop, now, missing_today=600)
    quality_watch(now=now)
    days(shop, now, missing_today=1, today=100)
    assert quality_watch(now=now) == 0
    assert QualityFinding.objects.get(client=shop).closed_at is None


def test_refusals_are_watched_by_field_and_altogether(shop):
    now = timezone.now()
    days(shop, now, missing_today=100)
    count(shop, now.date(), Kind.TURNED_AWAY, 400, code="invalid_request")
    count(shop, now.date(), Kind.REFUSED, 400, "currency", "unknown_currency")

    assert quality_watch(now=now) == 2
    found = QualityFinding.objects.filter(client=shop).values_list("kind", "field", "share")
    assert sorted(found) == [("refused", "currency", 400 / 1400), ("turned_away", "", 400 / 1400)]


def test_clients_do_not_mix(shop):
    now, other = timezone.now(), make_client()
    days(shop, now, missing_today=100)
    days(other, now, missing_today=600)

    assert quality_watch(now=now) == 1
    assert QualityFinding.objects.get().client == other


def test_nobody_is_told_of_test_clients(shop):
    now, tester = timezone.now(), make_client(livemode=False)
    days(tester, now, missing_today=600)

    assert quality_watch(now=now) == 0
    assert not QualityFinding.objects.filter(client=tester).exists()


def test_payments_with_a_reference_of_another_one_are_counted_once(shop, monkeypatch):
    account, now = make_account(), timezone.now()
    monkeypatch.setattr(quality_upkeep, "settled_until", lambda now: now)
    same_references_count(now=now - timedelta(hours=1))  # the first run says where
    RecordMark.objects.filter(name="same-reference").update(read_until=now - timedelta(minutes=5))
    for reference in ("one", "two", "one", None, None, "one"):
        make_payment(account, shop, reference=reference)
    make_payment(account, make_client(), reference="two")

    later = timezone.now() + timedelta(seconds=1)
    same_references_count(now=later)
    same_references_count(now=later)

    counts = QualityCount.objects.filter(kind=Kind.SAME_REFERENCE)
    assert {(each.client, each.requests) for each in counts} == {(shop, 2)}


def test_old_counts_and_all_but_the_last_refused_requests_are_forgotten(shop, settings):
    settings.QUALITY_DAYS, settings.REFUSED_KEPT, settings.REFUSED_DAYS = 30, 3, 7
    now = timezone.now()
    count(shop, now.date() - timedelta(days=31), Kind.RECEIVED, 1, "purchase")
    count(shop, now.date() - timedelta(days=30), Kind.RECEIVED, 1, "purchase")
    for ago in (8, 3, 2, 1, 0):
        refused_at = now - timedelta(days=ago)
        RefusedRequest.objects.create(
            id=uuid7(int(refused_at.timestamp() * 1e9)),
            client=shop,
            refused_at=refused_at,
            route="transactions",
            status_code=400,
            code="invalid_request",
            faults=[],
        )

    quality_forget(now=now)

    assert QualityCount.objects.filter(client=shop).count() == 1
    kept = RefusedRequest.objects.filter(client=shop)
    assert [(now - each.refused_at).days for each in kept] == [0, 1, 2]


def test_the_worker_does_both(shop):
    days(shop, timezone.now(), missing_today=600)

    assert data_quality_watch() == 1
    data_quality_forget()
    assert QualityFinding.objects.filter(client=shop).exists()
