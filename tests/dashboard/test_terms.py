"""The terms of reviews and the rates, as people set them."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry, ReportingRate, ReviewTerms
from ledger.selectors.review_terms import review_terms
from tests.dashboard.people import MANAGES, WORKS, Person

PAGE = reverse("admin:review_terms")
FIRST = {
    "due_minutes": 240,
    "urgent_percentile": "0.99",
    "urgent_due_minutes": 60,
    "lock_minutes": 10,
    "open_cap_per_reviewer": 20,
    "undo_seconds": 10,
}
RATE = {"rate-currency": "eur", "rate-rate_micro": "89.255", "rate-from_day": "2026-01-31"}


@pytest.fixture
def mona(db):
    return Person("mona", *MANAGES)


def test_new_terms_are_in_force_and_the_earlier_are_kept(mona):
    before = ReviewTerms.objects.count()
    assert mona.post(PAGE, set="terms", **{**FIRST, "undo_seconds": 30}).url == PAGE

    page = mona.get(PAGE)
    assert (review_terms().undo_seconds, review_terms().author) == (30, "mona")
    assert [each.author for each in page.context["earlier"]][:2] == ["mona", "system"]
    assert ReviewTerms.objects.count() == before + 1
    assert AuditEntry.objects.filter(action="review_terms.set", actor="mona").count() == 1


def test_a_rate_is_kept_in_millionths(mona):
    mona.post(PAGE, set="rate", **RATE)

    rate = ReportingRate.objects.latest("pk")
    assert (rate.currency, rate.rate_micro, rate.from_day, rate.author) == (
        "EUR",
        89_255_000,
        date(2026, 1, 31),
        "mona",
    )
    assert "89.255 INR" in mona.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"due_minutes": "soon"}, "due_minutes"),
        ({"due_minutes": 0}, "due_minutes"),
        ({"urgent_percentile": "1.5"}, "urgent_percentile"),
        ({"urgent_due_minutes": 300}, "urgent_due_minutes"),
        ({"lock_minutes": 0}, "lock_minutes"),
        ({"open_cap_per_reviewer": ""}, "open_cap_per_reviewer"),
        ({"undo_seconds": 601}, "undo_seconds"),
    ],
)
def test_terms_that_do_not_fit_are_refused_by_field(mona, changed, field):
    before = review_terms().pk
    answer = mona.post(PAGE, set="terms", **{**FIRST, **changed})

    assert answer.status_code == 200
    assert field in answer.context["terms_form"].errors
    assert review_terms().pk == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"rate-currency": "XXX"}, "currency"),
        ({"rate-currency": "INR"}, "currency"),
        ({"rate-rate_micro": "-1"}, "rate_micro"),
        ({"rate-rate_micro": "0.0000001"}, "rate_micro"),
        ({"rate-rate_micro": "much"}, "rate_micro"),
        ({"rate-from_day": "2026-02-31"}, "from_day"),
    ],
)
def test_rates_that_do_not_fit_are_refused_by_field(mona, changed, field):
    before = ReportingRate.objects.count()
    answer = mona.post(PAGE, set="rate", **{**RATE, **changed})

    assert answer.status_code == 200
    assert field in answer.context["rate_form"].errors
    assert ReportingRate.objects.count() == before


def test_whoever_sees_the_record_sees_them_and_sets_none(db):
    otto, before = Person("otto", "ledger.view_reviewterms"), review_terms().pk
    page = otto.get(PAGE).content.decode()
    assert "Terms so far" in page
    assert "Set these terms" not in page

    assert otto.post(PAGE, set="terms", **FIRST).status_code == 403
    assert review_terms().pk == before


def test_others_see_nothing_of_them(db):
    rita, before = Person("rita", *WORKS), review_terms().pk
    assert rita.get(PAGE).status_code == 403
    assert rita.post(PAGE, set="terms", **FIRST).status_code == 403
    assert review_terms().pk == before


def test_the_form_begins_with_today_and_the_terms_in_force(mona):
    page = mona.get(PAGE).content.decode()

    assert f'value="{timezone.now().date().isoformat()}"' in page
    assert f'name="due_minutes" value="{review_terms().due_minutes}"' in page
