"""Whose work a case is."""

import heapq
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from ledger.models import Case
from ledger.selectors.review_terms import review_terms
from ledger.services.cases.locking import case_at_hand
from ledger.services.cases.telling import case_audit, case_tell

_AT_ONCE = 200


@transaction.atomic
def case_assign(*, case_id: UUID, assignee: Any | None, user: Any, now: datetime) -> Case:
    """To somebody, or to nobody again. Errors: CaseUnknown, CaseTaken."""
    case = case_at_hand(case_id, user=user, now=now)
    _give(case, assignee, user.get_username(), now)
    return case


@transaction.atomic
def cases_auto_assign(*, reviewers: Sequence[Any], livemode: bool, actor: str, now: datetime) -> int:
    """Gives the best free cases, each to whoever has the fewest open ones, until all have as many as the terms allow.

    How many were given; at most 200 at a time. Locks: those cases; what somebody else locks is left out.
    """
    cap = review_terms().open_cap_per_reviewer
    counts = _open_counts(reviewers)
    # The place in the list decides between equals.
    loads = [(counts.get(each.pk, 0), place) for place, each in enumerate(reviewers) if counts.get(each.pk, 0) < cap]
    heapq.heapify(loads)
    room = sum(cap - load for load, _ in loads)
    given = list(_free(livemode, now)[: min(room, _AT_ONCE)])
    for case in given:
        load, place = heapq.heappop(loads)
        _give(case, reviewers[place], actor, now)
        if load + 1 < cap:
            heapq.heappush(loads, (load + 1, place))
    return len(given)


def _free(livemode: bool, now: datetime) -> QuerySet[Case]:
    """Open cases that wait for anybody, best first."""
    at_hand = Case.objects.filter(
        decided_at=None, escalated_at=None, snoozed_until=None, livemode=livemode, assignee=None, pending_verdict=None
    )
    unlocked = at_hand.filter(Q(locked_by=None) | Q(locked_until__lte=now))
    return unlocked.order_by("rank", "transaction_id").select_for_update(of=("self",), skip_locked=True)


def _open_counts(reviewers: Sequence[Any]) -> dict[Any, int]:
    own = Case.objects.filter(decided_at=None, assignee__in=reviewers).order_by()
    return dict(own.values_list("assignee").annotate(Count("pk")))


def _give(case: Case, assignee: Any | None, actor: str, now: datetime) -> None:
    case.assignee = assignee
    case.save(update_fields=["assignee"])
    name = assignee.get_username() if assignee else None
    case_audit(case, actor=actor, action="case.assigned", now=now, assignee=name)
    case_tell(case, event_type="case.assigned", now=now, assignee=name, by=actor)
