"""The items of a list, and what of an import cannot be added, as files."""

from datetime import datetime

from django.http import StreamingHttpResponse

from ledger.admin.csv_response import ROWS_PER_PAGE, Rows, csv_response
from rules.domain.list_files import COLUMNS, item_row
from rules.models import List, ListImport
from sentinel.core.csv_files import with_formula, without_formula


def items_response(item_list: List, *, now: datetime) -> StreamingHttpResponse:
    """The valid items of a list, as an import takes them."""

    def read(last: tuple[str, ...] | None) -> Rows:
        """In the order of their value, which has an index."""
        items = item_list.items.valid_at(now).filter(removed_at__isnull=True).order_by("value")
        after = items.filter(value__gt=with_formula(last[0])) if last else items
        return [item_row(*row) for row in after.values_list("value", "reason", "expires_at")[:ROWS_PER_PAGE]]

    return csv_response(f"{item_list.name}.csv", COLUMNS, read)


def faults_response(list_import: ListImport) -> StreamingHttpResponse:
    """Every line that cannot be added. The lines themselves are not repeated: who uploaded them has them."""

    def read(last: tuple[str, ...] | None) -> Rows:
        faults = list_import.faults.filter(line__gt=int(last[0]) if last else 0).order_by("line")
        rows = faults.values_list("line", "column", "words")[:ROWS_PER_PAGE]
        return [(str(line), column, without_formula(words)) for line, column, words in rows]

    return csv_response(f"left-out-{list_import.pk}.csv", ("line", "column", "what"), read)
