"""Cases that look alike, so that one verdict may do for all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from ledger.models import Case, Decision

ALIKE_MAX = 200
LOOKED_AT_MAX = 1_000  # of a longer queue, those that come first

_ALIKE = """
WITH first AS MATERIALIZED (
    SELECT * FROM ledger_case c
    WHERE c.decided_at IS NULL AND c.escalated_at IS NULL AND c.snoozed_until IS NULL AND c.livemode = %(livemode)s
    ORDER BY c.rank, c.transaction_id LIMIT %(looked_at)s
)
SELECT c.transaction_id FROM first c
CROSS JOIN LATERAL ( -- by key, whatever the planner thinks of a thousand of them
    SELECT * FROM ledger_decision WHERE transaction_id = c.transaction_id AND account_id = c.account_id LIMIT 1
) d
WHERE c.kind = %(kind)s AND c.transaction_id <> %(case)s
    AND (c.assignee_id IS NULL OR c.assignee_id = %(user)s)
    AND (c.locked_by_id IS NULL OR c.locked_by_id = %(user)s OR c.locked_until <= %(now)s)
    AND NOT EXISTS (SELECT FROM ledger_pendingverdict p WHERE p.case_id = c.transaction_id)
    AND {alike}
ORDER BY c.rank, c.transaction_id LIMIT %(most)s
"""
_SAME_RULE = "%(hit)s = ANY(d.rule_hits)"
_SAME_REASON = "cardinality(d.rule_hits) = 0 AND d.reasons -> 0 ->> 'code' IS NOT DISTINCT FROM %(reason)s"


def cases_alike(*, case: Case, user: Any, now: datetime) -> list[UUID]:
    """The open case and those like it that the user could decide now, best first and at most 200: of the same mode
    and kind, and the first rule that hit it hit them; where none did, they have the same first reason and no hit.
    """
    if case.decided_at is not None:
        return []
    told = _told(case) | {"user": user.pk, "now": now, "looked_at": LOOKED_AT_MAX, "most": ALIKE_MAX - 1}
    with connection.cursor() as cursor:
        cursor.execute(_ALIKE.format(alike=_SAME_RULE if told["hit"] else _SAME_REASON), told)
        return [case.pk, *(row[0] for row in cursor.fetchall())]


def _told(case: Case) -> dict[str, Any]:
    decision = Decision.objects.only("rule_hits", "reasons").get(pk=case.pk)
    return {
        "case": case.pk,
        "livemode": case.livemode,
        "kind": case.kind,
        "hit": decision.rule_hits[0] if decision.rule_hits else None,
        "reason": decision.reasons[0]["code"] if decision.reasons else None,
    }


def cases_together(case_ids: Sequence[UUID]) -> QuerySet[Case]:
    """Those there are, best first, with what a list shows of them."""
    found = Case.objects.filter(pk__in=case_ids)
    return found.select_related("transaction", "locked_by", "assignee", "pending_verdict").order_by("rank", "pk")
