"""Facts with their dimensions as rows of a file, page by page."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from sentinel.core.csv_files import without_formula
from sentinel.core.ids import public_id
from sentinel.core.money import format_amount

ROWS_PER_PAGE = 5_000
COLUMNS = (
    "transaction_id", "occurred_at", "day", "weekday", "hour", "part_of_day", "account_id", "account_home_country",
    "account_risk", "merchant_id", "merchant_name", "merchant_category", "merchant_country", "transaction_type",
    "channel", "location_country", "currency", "amount", "reversed", "outcome", "status", "declined_for",
    "score_percentile", "fraud_probability", "model", "rules", "degraded", "label", "resolved_at", "resolved_by",
)  # fmt: skip
_PAGE = """
SELECT f.transaction_id, f.occurred_at, f.day, dd.weekday, f.hour, h.part, f.account_id, a.home_country, a.risk,
    m.merchant, m.name, m.category, m.country, f.transaction_type, f.channel, f.location_country, f.currency,
    f.amount_minor, f.reversed_minor, o.outcome, o.status, o.declined_for, f.score_percentile, f.fraud_probability,
    f.model_version, (
        SELECT string_agg(r.code, ' ' ORDER BY r.code) FROM dashboard_rulefact hit
        JOIN dashboard_ruledimension r ON r.version = hit.version
        WHERE hit.transaction_id = f.transaction_id AND hit.had_a_say
    ), f.is_degraded, CASE WHEN f.is_fraud THEN 'fraud' WHEN NOT f.is_fraud THEN 'legitimate' END, f.resolved_at,
    f.resolved_by
FROM (
    SELECT * FROM dashboard_decisionfact
    WHERE livemode AND occurred_at >= %(start)s AND occurred_at < %(end)s
        AND (occurred_at, transaction_id) > (%(last_at)s, %(last_id)s)
    ORDER BY occurred_at, transaction_id LIMIT %(rows)s
) f
JOIN dashboard_datedimension dd ON dd.day = f.day
JOIN dashboard_hourdimension h ON h.hour = f.hour
JOIN dashboard_accountdimension a ON a.id = f.account_id
JOIN dashboard_merchantdimension m ON m.id = f.merchant_id
JOIN dashboard_outcomedimension o ON o.code = f.outcome_code
ORDER BY f.occurred_at, f.transaction_id
"""
_CURRENCY, _MONEY = COLUMNS.index("currency"), (COLUMNS.index("amount"), COLUMNS.index("reversed"))

# Of the last row that was read.
Place = tuple[datetime, UUID]


def export_pages(start: datetime, end: datetime, *, rows: int = ROWS_PER_PAGE) -> Iterator[list[tuple[str, ...]]]:
    """Live decisions that occurred from `start` to before `end`, oldest first, in cells safe for a spreadsheet."""
    last: Place | None = (start, UUID(int=0))
    while last is not None:
        page, last = export_page(start, end, last, rows=rows)
        if page:
            yield page


def export_page(
    start: datetime, end: datetime, last: Place, *, rows: int = ROWS_PER_PAGE
) -> tuple[list[tuple[str, ...]], Place | None]:
    """The next rows, and where they end; None when nothing follows."""
    values: dict[str, Any] = {"start": start, "end": end, "last_at": last[0], "last_id": last[1], "rows": rows}
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, values)
        found = cursor.fetchall()
    following = (found[-1][1], found[-1][0]) if len(found) == rows else None
    return [_cells(row) for row in found], following


def _cells(row: tuple[Any, ...]) -> tuple[str, ...]:
    cells = list(row)
    cells[0] = public_id("txn", row[0])
    for place in _MONEY:
        cells[place] = format_amount(row[place], row[_CURRENCY])
    return tuple(without_formula(_text(cell)) for cell in cells)


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.isoformat()
    return str(cell)
