"""Reviewers and cases for tests."""

from uuid import uuid4

from django.contrib.auth import get_user_model
from django.utils import timezone

from ledger.domain.cases import Verdict
from ledger.models import Case
from ledger.services.cases.verdicts import Given
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment

APPROVE = Given(Verdict.APPROVE)
STOLEN = Given(Verdict.DECLINE, reason="card_stolen", note="the customer called")


def reviewer(name: str = ""):
    return get_user_model().objects.create_user(name or f"reviewer_{uuid4().hex[:8]}")


class Bank:
    """An account whose payments are held."""

    def __init__(self, **terms) -> None:
        self.account, self.client = make_account(f"acc_{uuid4().hex[:10]}", **terms), make_client()

    def hold(self, **fields) -> Case:
        fields = {"outcome": Outcome.REVIEW, "amount_minor": 5400, "now": timezone.now(), **fields}
        return Case.objects.get(pk=make_payment(self.account, self.client, **fields).pk)

    def approved(self, **fields):
        return make_payment(self.account, self.client, **fields)
