"""Which label counts, asked of many payments at once: the order of `ledger.domain.labels` in SQL."""

from ledger.domain.labels import AUTHORITY

_AUTHORITY = ", ".join(f"'{source}'" for source in AUTHORITY)
# The first row of a payment is the label that counts.
LABELS_IN_ORDER = f"transaction_id, array_position(ARRAY[{_AUTHORITY}], source::text), observed_at DESC, id DESC"


def label_known_at(table: str = "") -> str:
    """From when on a label is known: the later of its observation and its entry, unless it brings its own clock."""
    label = f"{table}." if table else ""
    latest = f"greatest({label}observed_at, {label}recorded_at)"
    return f"CASE WHEN {label}own_clock THEN {label}observed_at ELSE {latest} END"


def labels_that_count(where: str) -> str:
    """A query of transaction_id, is_fraud and known_at, a row a payment. `where` is SQL over ledger_label."""
    return f"""
        SELECT DISTINCT ON (transaction_id) transaction_id, is_fraud, {label_known_at()} AS known_at FROM ledger_label
        WHERE {where} ORDER BY {LABELS_IN_ORDER}
    """  # noqa: S608
