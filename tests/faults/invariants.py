"""What must hold of the record whatever happened to its servers. L1 to L14; each query finds what breaks one.

Asked as the owner, straight from the database, when nothing is under way.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from ledger.services.seal.verifying import Verification, ledger_verify
from sentinel.core.ids import parse_public_id
from tests.faults.journal import Promise

_SHOWN_MAX = 3

INVARIANTS = {
    "L1 an entry sums to zero in each currency": """
        SELECT entry_id::text FROM ledger_posting GROUP BY entry_id, currency
        HAVING sum(debit_minor) <> sum(credit_minor)""",
    "L2 all money sums to zero": """
        SELECT currency FROM ledger_posting GROUP BY currency HAVING sum(debit_minor) <> sum(credit_minor)""",
    "L3 a balance is what its postings say": """
        SELECT b.account_id FROM ledger_accountbalance b LEFT JOIN LATERAL (
            SELECT coalesce(sum(p.credit_minor) - sum(p.debit_minor), 0) AS minor FROM ledger_posting p
            WHERE p.ledger_account_id = b.account_id) p ON true
        WHERE b.posted_minor <> p.minor""",
    "L4 nobody is below the floor": """
        SELECT account_id FROM ledger_accountbalance WHERE posted_minor - held_minor < floor_minor""",
    "L5 what is recorded refuses to change": """
        SELECT c.relname::text FROM pg_class c WHERE c.relname IN ('ledger_transaction', 'ledger_decision',
            'ledger_entry', 'ledger_posting', 'ledger_hold', 'ledger_label', 'ledger_event', 'ledger_auditentry')
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled <> 'D'
            AND t.tgfoid = 'sentinel_refuse_change'::regproc)""",
    "L6 a key has one transaction": """
        SELECT reference FROM ledger_transaction WHERE reference LIKE %(prefix)s GROUP BY reference
        HAVING count(*) > 1""",
    "L7 a hold ends once": """
        SELECT hold_id::text FROM ledger_holdresolution GROUP BY hold_id HAVING count(*) > 1""",
    "L8 no more is given back than was paid": """
        SELECT t.id::text FROM ledger_transaction t JOIN ledger_reversal r ON r.transaction_id = t.id
        GROUP BY t.id, t.amount_minor HAVING sum(r.amount_minor) > t.amount_minor""",
    "L9 a decision has its effect on the ledger, and its event": """
        SELECT t.id::text FROM ledger_transaction t LEFT JOIN ledger_decision d ON d.transaction_id = t.id
        LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.kind = 'payment'
        LEFT JOIN ledger_hold h ON h.transaction_id = t.id
        LEFT JOIN ledger_event v ON v.transaction_id = t.id AND v.sequence = 1
        WHERE t.reference LIKE %(prefix)s AND (d.transaction_id IS NULL OR v.id IS NULL
            OR (d.status = 'approved') <> (e.id IS NOT NULL)
            OR (d.status = 'held') <> (h.transaction_id IS NOT NULL))""",
    "L10 an account's payments are numbered without a gap": """
        SELECT account_id FROM ledger_transaction GROUP BY account_id
        HAVING count(*) <> max(seq) OR count(DISTINCT seq) <> count(*)""",
    "L11 held money is what open holds reserve": """
        SELECT b.account_id FROM ledger_accountbalance b LEFT JOIN LATERAL (
            SELECT coalesce(sum(h.reserved_minor), 0) AS minor FROM ledger_hold h
            WHERE h.account_id = b.account_id
                AND NOT EXISTS (SELECT FROM ledger_holdresolution r WHERE r.hold_id = h.transaction_id)) h ON true
        WHERE b.held_minor <> h.minor""",
    "L13 money is whole minor units": """
        SELECT table_name || '.' || column_name FROM information_schema.columns JOIN information_schema.tables
            USING (table_schema, table_name)
        WHERE table_type = 'BASE TABLE' AND table_schema = 'public' AND table_name LIKE 'ledger%%'
            AND column_name LIKE '%%\\_minor' AND data_type NOT IN ('bigint', 'integer')""",
    "L14 no currency meets another": """
        SELECT p.entry_id::text FROM ledger_posting p JOIN ledger_account a ON a.id = p.ledger_account_id
        WHERE p.currency <> a.currency""",
}


def broken(prefix: str) -> dict[str, list[str]]:
    """The invariants that do not hold, each with some rows that break it."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            cursor.execute(query, {"prefix": f"{prefix}%"})
            if rows := cursor.fetchmany(_SHOWN_MAX):
                found[name] = [str(row) for (row,) in rows]
    if faults := _seal().faults:
        found["L12 the seal verifies"] = [fault.words for fault in faults[:_SHOWN_MAX]]
    return found


def _seal() -> Verification:
    *_, found = ledger_verify()
    return found


def lost(promises: Iterable[Promise]) -> list[str]:
    """Keys that were promised to be recorded and are not, or with another transaction than was told."""
    told = {each.key: parse_public_id("txn", each.transaction_id) for each in promises if each.status == 201}
    with connection.cursor() as cursor:
        cursor.execute("SELECT reference, id FROM ledger_transaction WHERE reference = ANY(%s)", [list(told)])
        recorded: dict[str, UUID] = dict(cursor.fetchall())
    return [key for key, transaction in told.items() if recorded.get(key) != transaction]


def duplicated(prefix: str) -> int:
    """Transactions more than there are keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) - count(DISTINCT reference) FROM ledger_transaction WHERE reference LIKE %s",
            [f"{prefix}%"],
        )
        return int(cursor.fetchone()[0])


def events_of(prefix: str) -> set[str]:
    """The ids of the events of these payments, as receivers know them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT replace(v.id::text, '-', '') FROM ledger_event v JOIN ledger_transaction t"
            " ON t.id = v.transaction_id WHERE t.reference LIKE %s",
            [f"{prefix}%"],
        )
        return {event for (event,) in cursor.fetchall()}
