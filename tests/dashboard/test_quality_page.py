"""The pages of data quality: what they show, and to whom."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from scoring.models import QualityCount, QualityFinding, RefusedRequest
from sentinel.core.ids import uuid7
from tests.factories import make_client

Kind = QualityCount.Kind


def viewer(*codenames: str) -> Client:
    user = User.objects.create_user("vera", password="a long password for tests", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def shop(db):
    QualityCount.objects.all().delete()
    QualityFinding.objects.all().delete()
    client, now = make_client(), timezone.now()
    for ago in range(15):
        day = now.date() - timedelta(days=ago)
        _count(client, day, Kind.RECEIVED, 900, "purchase")
        _count(client, day, Kind.MISSING, 90 if ago else 450, "device.id")
        _count(client, day, Kind.TURNED_AWAY, 100, code="invalid_request")
        _count(client, day, Kind.REFUSED, 100, "currency", "unknown_currency")
    _count(client, now.date(), Kind.REPLAYED, 10)
    _count(client, now.date(), Kind.SAME_REFERENCE, 3)
    QualityFinding.objects.create(
        client=client, kind=Kind.MISSING, field="device.id", share=0.5, usual_share=0.1, opened_at=now
    )
    RefusedRequest.objects.create(
        id=uuid7(),
        client=client,
        refused_at=now,
        route="transactions",
        status_code=400,
        code="invalid_request",
        faults=[{"field": "currency", "code": "unknown_currency", "sent": "<b>RUPEE</b>"}],
    )
    return client


def _count(client, day, kind: str, requests: int, field: str = "", code: str = "") -> None:
    QualityCount.objects.create(client=client, day=day, kind=kind, field=field, code=code, requests=requests)


def test_all_clients_with_what_stands_far_off(shop):
    found = text(viewer("view_qualitycount").get("/admin/data-quality/"))

    assert "50.0 % of payments come without device.id; usual is 10.0 %." in found
    assert re.search(rf"{shop.name} 1,000 10.0 % 1.0 % 3 1 15,000 requests in 15 days, 1,500 of them refused", found)


def test_one_client_by_field_code_and_day(shop):
    found = text(viewer("view_qualitycount").get(f"/admin/data-quality/{shop.pk}/"))

    assert "device.id far off 50.0 % 10.0 % Missing from 10.0 % to 50.0 % of payments, by day" in found
    assert "currency unknown_currency 100 1,500" in found
    assert re.search(r"Requests Refused Sent again Same reference .* 1,000 100 10.0 % 10 3", found)
    assert "The last refused requests" not in found


def test_refused_requests_are_for_those_who_may_see_them_and_are_text(shop):
    answer = viewer("view_qualitycount", "view_refusedrequest").get(f"/admin/data-quality/{shop.pk}/")

    assert "transactions 400 invalid_request currency unknown currency · &lt;b&gt;RUPEE&lt;/b&gt;" in text(answer)


def test_a_finding_that_ended_is_told_apart(shop):
    now = timezone.now()
    QualityFinding.objects.update(closed_at=now)

    found = text(viewer("view_qualitycount").get(f"/admin/data-quality/{shop.pk}/"))

    assert "Far off the usual now" not in found
    assert "Usual again 50.0 % of payments come without device.id, usual is 10.0 %" in found


def test_without_the_right_there_is_no_page_and_no_link(shop):
    client = viewer("view_qualityfinding")

    assert client.get("/admin/data-quality/").status_code == 403
    assert client.get(f"/admin/data-quality/{shop.pk}/").status_code == 403
    assert "data-quality" not in client.get("/admin/").content.decode()


def test_a_client_that_is_not_there_and_one_that_sent_nothing(db):
    client, quiet = viewer("view_qualitycount"), make_client()

    assert client.get(f"/admin/data-quality/{uuid7()}/").status_code == 404
    assert "Nothing was left out. " in text(client.get(f"/admin/data-quality/{quiet.pk}/"))
    assert client.post("/admin/data-quality/").status_code == 405
