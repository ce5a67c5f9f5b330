"""A verdict waits for some seconds, then all of it happens at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.domain.cases import Verdict
from ledger.domain.payments import AccountStatus
from ledger.errors import CaseTaken, VerdictGone
from ledger.models import AccountBalance, AuditEntry, BankEvent, Case, HoldResolution, Label, PendingVerdict
from ledger.models import SampledReview as Sample
from ledger.services.accounts import account_set_status
from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.locking import case_lock
from ledger.services.cases.verdicts import Given, verdict_give, verdict_undo, verdicts_give_together
from ledger.services.cases.working import case_open
from ledger.services.holds import Resolution, hold_resolve, holds_expire
from ledger.services.verdict_extras import verdict_extra_register
from sentinel.core.errors import Conflict, InvalidRequest
from sentinel.core.ids import uuid7
from tests.ledger.cases import APPROVE, STOLEN, Bank, reviewer

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def bank(db):
    PendingVerdict.objects.all().delete()  # of tests that keep their rows
    return Bank()


@pytest.fixture
def rita(db):
    return reviewer("rita")


def give(case, given, user, **told) -> PendingVerdict:
    return verdict_give(case_id=case.pk, given=given, user=user, **{"now": timezone.now(), **told})


def apply(seconds: float = 11) -> int:
    return verdicts_apply(now=timezone.now() + timedelta(seconds=seconds))


def actions(case) -> list[str]:
    told = AuditEntry.objects.filter(subject=case.transaction.public_id).order_by("id")
    return list(told.values_list("action", flat=True))


def test_an_approval_pays_out_and_says_legitimate(bank, rita):
    case = bank.hold(amount_minor=5400)
    give(case, APPROVE, rita)
    assert apply(seconds=9) == 0
    assert not HoldResolution.objects.filter(pk=case.pk).exists()

    assert (apply(), apply()) == (1, 0)
    case.refresh_from_db()
    assert (case.verdict, case.decided_by, HoldResolution.objects.get(pk=case.pk).actor) == (
        "approve",
        "rita",
        "rita",
    )
    assert Label.objects.get(transaction=case.pk).is_fraud is False
    balance = AccountBalance.objects.get(pk=bank.account.pk)
    assert (balance.posted_minor, balance.held_minor) == (1_000_000 - 5400, 0)
    assert actions(case) == ["verdict.given", "hold.approved", "case.decided"]


@pytest.mark.parametrize(("reason", "labels"), [("card_stolen", [True]), ("cannot_verify", [])])
def test_a_decline_frees_the_money_and_says_fraud_where_the_reason_does(bank, rita, reason, labels):
    case = bank.hold()
    give(case, Given(Verdict.DECLINE, reason=reason, note="called"), rita)
    apply()

    case.refresh_from_db()
    assert (case.verdict, case.reason, HoldResolution.objects.get(pk=case.pk).note) == ("decline", reason, "called")
    assert list(Label.objects.filter(transaction=case.pk).values_list("is_fraud", flat=True)) == labels
    assert AccountBalance.objects.get(pk=bank.account.pk).held_minor == 0


@pytest.mark.parametrize("is_sample", [True, False])
def test_of_payments_without_a_hold_is_said_what_they_were(bank, rita, is_sample):
    payment, now = bank.approved(), timezone.now()
    if is_sample:
        told = {"per_mille": 1, "inclusion_probability": 0.001, "chosen_at": now}
        Sample.objects.create(transaction=payment, account=bank.account, **told)
    else:
        case_open(transaction_id=payment.pk, actor="rita", now=now)
    case = Case.objects.get(pk=payment.pk)
    give(case, Given(Verdict.FRAUD, reason="account_takeover"), rita)
    apply()

    case.refresh_from_db()
    assert (case.verdict, case.reason, case.decided_by) == ("fraud", "account_takeover", "rita")
    assert Label.objects.get(transaction=payment.pk).is_fraud
    assert list(Sample.objects.filter(pk=payment.pk).values_list("is_fraud", flat=True)) == [True] * is_sample
    assert BankEvent.objects.get(type="case.decided", subject=payment.public_id).payload["verdict"] == "fraud"


def test_a_verdict_taken_back_leaves_nothing_and_the_case_is_ones_own_again(bank, rita):
    case = bank.hold()
    give(case, APPROVE, rita)
    verdict_undo(case_id=case.pk, user=rita, now=timezone.now())

    assert apply() == 0
    case.refresh_from_db()
    assert (case.decided_at, case.locked_by) == (None, rita)
    assert actions(case) == ["verdict.given", "verdict.undone"]


def test_what_was_applied_or_is_another_persons_is_not_taken_back(bank, rita):
    case = bank.hold()
    give(case, APPROVE, rita)
    with pytest.raises(VerdictGone):
        verdict_undo(case_id=case.pk, user=reviewer(), now=timezone.now())
    apply()
    with pytest.raises(VerdictGone):
        verdict_undo(case_id=case.pk, user=rita, now=timezone.now())


def test_the_second_of_two_people_is_told_who_was_faster(bank, rita):
    case = bank.hold()
    give(case, APPROVE, rita)
    with pytest.raises(CaseTaken, match="rita was faster: approve"):
        give(case, STOLEN, reviewer())
    apply()
    with pytest.raises(CaseTaken, match="rita has decided this case: approved"):
        give(case, STOLEN, reviewer())

    assert HoldResolution.objects.get(pk=case.pk).resolution == "approved"


def test_a_case_that_somebody_has_open_is_theirs(bank, rita):
    case = bank.hold()
    case_lock(case_id=case.pk, user=rita, now=timezone.now())
    with pytest.raises(CaseTaken, match="rita has this case open"):
        give(case, APPROVE, reviewer())
    give(case, APPROVE, rita)

    assert Case.objects.get(pk=case.pk).locked_by is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Given(Verdict.DECLINE), "reason"),
        (Given(Verdict.DECLINE, reason="bad luck"), "reason"),
        (Given(Verdict.APPROVE, reason="card_stolen"), "reason"),
        (Given(Verdict.FRAUD), "verdict"),
        (Given(Verdict.APPROVE, note="card 4111 1111 1111 1111"), "note"),
        (Given(Verdict.APPROVE, note="x" * 501), "note"),
        (Given(Verdict.APPROVE, extras=[{"kind": "fireworks"}]), "extras"),
        (Given(Verdict.APPROVE, extras=[{"kind": "test_note"}] * 6), "extras"),
    ],
)
def test_a_verdict_that_does_not_fit_is_refused_by_field(bank, rita, given, field):
    case = bank.hold()
    with pytest.raises(InvalidRequest) as refused:
        give(case, given, rita)

    assert [error.field for error in refused.value.errors] == [field]
    assert not PendingVerdict.objects.exists()
    assert actions(case) == []


def test_one_that_fails_says_why_and_stops_no_other(bank, rita):
    frozen, other = bank.hold(), Bank().hold()
    give(frozen, APPROVE, rita)
    give(other, APPROVE, rita)
    status = {"account_id": bank.account.pk, "actor": "olga", "reason": "asked"}
    account_set_status(**status, status=AccountStatus.FROZEN, now=timezone.now())

    assert (apply(), apply()) == (1, 0)
    pending = PendingVerdict.objects.get(pk=frozen.pk)
    assert pending.error.endswith("is frozen. Thaw the account or decline the review.")
    assert Case.objects.get(pk=frozen.pk).decided_at is None
    assert not Label.objects.filter(transaction=frozen.pk).exists()

    give(frozen, STOLEN, reviewer("sam"))
    assert apply() == 1
    assert Case.objects.get(pk=frozen.pk).decided_by == "sam"


class Note:
    """An extra for tests: refuses to apply when told so."""

    def check(self, *, payment, extra, now):
        pass

    def apply(self, *, payment, extra, actor, now):
        AuditEntry.objects.create(id=uuid7(), actor=actor, action="test.extra", subject="x", recorded_at=now)
        if extra.get("fails"):
            raise Conflict("The list is full.")


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_done_besides_is_done_with_the_verdict_or_not_at_all(bank, rita, fails):
    verdict_extra_register("test_note", Note())
    case = bank.hold()
    give(case, Given(Verdict.APPROVE, extras=[{"kind": "test_note", "fails": fails}]), rita)

    assert apply() == (not fails)
    assert AuditEntry.objects.filter(action="test.extra").count() == (not fails)
    assert HoldResolution.objects.filter(pk=case.pk).exists() is not fails
    assert list(PendingVerdict.objects.values_list("error", flat=True)) == ["The list is full."] * fails


def test_a_verdict_beats_the_clock_and_one_that_failed_does_not(bank, rita):
    case, late = bank.hold(), timezone.now() + timedelta(days=8)
    give(case, APPROVE, rita)
    holds_expire(now=late)
    assert not HoldResolution.objects.filter(pk=case.pk).exists()

    PendingVerdict.objects.update(error="The account is frozen.")
    holds_expire(now=late)
    assert HoldResolution.objects.get(pk=case.pk).resolution == "expired"


def test_a_payment_given_up_drops_the_verdict_with_words(bank, rita):
    case = bank.hold()
    give(case, APPROVE, rita)
    hold_resolve(transaction_id=case.pk, resolution=Resolution.VOIDED, actor="gateway", now=timezone.now())

    assert apply() == 0
    assert not PendingVerdict.objects.exists()
    dropped = AuditEntry.objects.get(action="verdict.dropped", subject=case.transaction.public_id)
    assert dropped.details["words"] == "gateway ended the case first: voided."
    assert not Label.objects.filter(transaction=case.pk).exists()


def test_31_like_this_one_note_and_31_audit_entries(bank, rita):
    cases = [bank.hold(amount_minor=100) for _ in range(31)]
    came = verdicts_give_together(case_ids=[case.pk for case in cases], given=STOLEN, user=rita, now=timezone.now())

    assert (len(came.given), came.refused) == (31, {})
    assert AuditEntry.objects.filter(action="verdict.given", details__note=STOLEN.note).count() == 31
    assert apply() == 31
    assert Label.objects.filter(account=bank.account, is_fraud=True, note=STOLEN.note).count() == 31


def test_those_that_cannot_have_it_do_not_stop_the_others(bank, rita):
    free, locked, given, unknown = bank.hold(), bank.hold(), bank.hold(), uuid7()
    opened = case_open(transaction_id=bank.approved().pk, actor="rita", now=timezone.now())
    case_lock(case_id=locked.pk, user=reviewer("sam"), now=timezone.now())
    give(given, APPROVE, reviewer("tara"))

    chosen = [free.pk, locked.pk, given.pk, opened.pk, unknown]
    came = verdicts_give_together(case_ids=chosen, given=STOLEN, user=rita, now=timezone.now())

    assert came.given == [free.pk]
    assert came.refused[locked.pk] == "sam has this case open."
    assert came.refused[given.pk] == "tara was faster: approve."
    assert came.refused[opened.pk].startswith("It takes another verdict")
    assert came.refused[unknown] == "Somebody else works on it, or there is no such case."


@pytest.mark.parametrize("count", [0, 201])
def test_too_many_or_no_cases_together_are_refused(bank, rita, count):
    with pytest.raises(InvalidRequest) as refused:
        verdicts_give_together(case_ids=[uuid7() for _ in range(count)], given=STOLEN, user=rita, now=timezone.now())
    assert [error.field for error in refused.value.errors] == ["case_ids"]
