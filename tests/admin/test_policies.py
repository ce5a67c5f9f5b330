import pytest
from django.urls import reverse

from ledger.models import AuditEntry
from scoring.models import PolicyVersion

LIST = reverse("admin:scoring_policyversion_changelist")
ADD = reverse("admin:scoring_policyversion_add")
FORM = {
    "review_percentile": "0.99",
    "decline_percentile": "",
    "review_probability": "0.5",
    "decline_probability": "0.95",
    "limits": "5000.00 INR\r\n9000 jpy",
    "note": "Quieter",
}


@pytest.fixture
def publisher(sign_in):
    return sign_in("paula", "scoring.view_policyversion", "scoring.add_policyversion")


@pytest.fixture
def newest(db):
    """The number of the newest policy, as other tests may have published some."""

    def number() -> int:
        return PolicyVersion.objects.values_list("number", flat=True).first() or 0

    return number


def test_a_policy_is_published(publisher, newest):
    before = newest()

    assert publisher.post(ADD, FORM).status_code == 302

    policy = PolicyVersion.objects.get(pk=before + 1)
    assert policy.thresholds == {
        "review_percentile": 0.99,
        "review_probability": 0.5,
        "decline_probability": 0.95,
        "degraded_review_above": {"INR": "5000.00", "JPY": "9000"},
    }
    assert (policy.published_by, policy.note) == ("paula", "Quieter")
    assert AuditEntry.objects.get(action="policy.publish").actor == "paula"


def test_list_and_page_say_it_in_words(publisher, newest):
    publisher.post(ADD, FORM)

    listed = publisher.get(LIST).content.decode()
    page = publisher.get(reverse("admin:scoring_policyversion_change", args=[newest()])).content.decode()

    assert "Decline from fraud probability 0.95; review from score percentile 0.99" in listed
    assert '<span class="badge live">live</span>' in listed
    assert "Review when the score percentile is at least" in page
    assert "9,000 JPY" in page


def test_the_form_starts_from_the_live_policy(publisher, db):
    publisher.post(ADD, FORM)

    page = publisher.get(ADD).content.decode()

    assert 'value="0.99"' in page
    assert "5000.00 INR" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"review_percentile": "1.5"}, "less than or equal to 1"),
        ({"decline_probability": "0.5"}, "No fraud probability would lead to a review"),
        ({"limits": "5000 XXX"}, "not an ISO 4217 currency"),
        ({"limits": "nonsense"}, "not an ISO 4217 currency"),
        ({"limits": "1.005 INR"}, "INR has 2 decimals"),
    ],
)
def test_what_cannot_be_is_refused(publisher, newest, change, words):
    before = newest()

    page = publisher.post(ADD, {**FORM, **change})

    assert words in page.content.decode()
    assert (newest(), AuditEntry.objects.count()) == (before, 0)


def test_publishing_needs_its_permission(sign_in, newest):
    onlooker, before = sign_in("otto", "scoring.view_policyversion"), newest()

    assert onlooker.post(ADD, FORM).status_code == 403
    assert onlooker.get(LIST).status_code == 200
    assert newest() == before


def test_a_published_policy_is_never_changed(admin_client, newest):
    admin_client.post(ADD, FORM)
    page = reverse("admin:scoring_policyversion_change", args=[newest()])

    assert admin_client.post(page, {**FORM, "note": "other"}).status_code == 403
    assert admin_client.post(reverse("admin:scoring_policyversion_delete", args=[newest()])).status_code == 403
