"""Whether anything in the queue has changed, at the price of a glance."""

from django.db import connection

# A row's xmin is another after each change of it, so neither columns nor moments have to be compared. Each part reads
# one index from its beginning: as far as a tab is counted, which is more than its first page.
_MARK = """
SELECT coalesce(sum(uuid_hash_extended(id, xmin::text::bigint)), 0)::text FROM (
    SELECT first.id, first.xmin FROM (VALUES (true), (false)) mode (live), LATERAL (
        (SELECT c.transaction_id AS id, c.xmin FROM ledger_case c
         WHERE c.decided_at IS NULL AND c.livemode = mode.live AND c.escalated_at IS NULL AND c.snoozed_until IS NULL
         ORDER BY c.rank, c.transaction_id LIMIT 101)
        UNION ALL
        (SELECT c.transaction_id, c.xmin FROM ledger_case c
         WHERE c.decided_at IS NULL AND c.livemode = mode.live AND c.escalated_at IS NOT NULL
         ORDER BY c.rank, c.transaction_id LIMIT 101)
        UNION ALL
        (SELECT c.transaction_id, c.xmin FROM ledger_case c WHERE c.decided_at IS NOT NULL AND c.livemode = mode.live
         ORDER BY c.decided_at DESC, c.transaction_id DESC LIMIT 1)
    ) first
    UNION ALL
    (SELECT c.transaction_id, c.xmin FROM ledger_case c WHERE c.decided_at IS NULL AND c.assignee_id IS NOT NULL
     ORDER BY c.assignee_id, c.rank, c.transaction_id LIMIT 500)
    UNION ALL
    (SELECT c.transaction_id, c.xmin FROM ledger_case c WHERE c.decided_at IS NULL AND c.snoozed_until IS NOT NULL
     ORDER BY c.snoozed_until LIMIT 101)
    UNION ALL
    (SELECT p.case_id, p.xmin FROM ledger_pendingverdict p ORDER BY p.case_id LIMIT 500)
) each
"""


def cases_mark() -> str:
    """Another after whatever changes a first page of the queue, a count, whose cases are whose, or a verdict."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        return str(cursor.fetchone()[0])
