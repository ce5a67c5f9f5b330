"""What time does to cases: they wake up, and they are overdue."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from ledger.models import AccountBalance, Case
from ledger.services.bank_events import bank_event_write
from ledger.services.cases.telling import case_tell


def cases_wake(*, now: datetime, limit: int = 500) -> int:
    """Back into the queue: those whose time has come, or whose account has made a payment since; how many."""
    active = AccountBalance.objects.filter(account=OuterRef("account"), seq__gt=OuterRef("wakes_after_seq"))
    asleep = Case.objects.filter(decided_at=None, snoozed_until__isnull=False)
    due = asleep.filter(Q(snoozed_until__lte=now) | Exists(active)).order_by("snoozed_until")
    with transaction.atomic():
        chosen = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        return Case.objects.filter(pk__in=chosen).update(snoozed_until=None, wakes_after_seq=None)


@transaction.atomic
def cases_overdue_tell(*, now: datetime, limit: int = 200) -> int:
    """Tells of each live case once, and with one alert of all that are overdue since the last time; how many."""
    late = Case.objects.filter(decided_at=None, overdue_told_at=None, due_at__lte=now).order_by("due_at")
    found = list(late.select_for_update(of=("self",), skip_locked=True)[:limit])
    for case in found:
        case_tell(case, event_type="case.overdue", now=now)
    Case.objects.filter(pk__in=[case.pk for case in found]).update(overdue_told_at=now)
    if count := sum(case.livemode for case in found):
        words = f"{count} {'case is' if count == 1 else 'cases are'} past the time to be decided."
        told = {"kind": "case.overdue", "words": words, "cases": count}
        bank_event_write(event_type="system.alert", subject="cases", payload=told, now=now)
    return len(found)
