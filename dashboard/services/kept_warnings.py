from collections.abc import Sequence

from django.db import connections

from dashboard.models import KeptWarning
from sentinel.core.ids import uuid7
from sentinel.ops.kept_warnings import GatheredWarning, process_name


def warnings_store(warnings: Sequence[GatheredWarning]) -> None:
    """Call in a thread of its own: it hangs up afterwards. Errors: those of the database."""
    rows = [
        KeptWarning(
            id=uuid7(each.at_ns),
            level=each.level,
            logger=each.logger,
            message=each.message.replace("\0", ""),
            process=process_name(),
            request_id=each.request_id,
            occurrences=each.occurrences,
        )
        for each in warnings
    ]
    try:
        KeptWarning.objects.bulk_create(rows)
    finally:
        connections.close_all()
