"""Once a minute the figures of the system are written down: what it is like now, and what the last minutes were."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from dashboard.models import Reading
from dashboard.selectors.request_minutes import MINUTE, minute_figures, newest_complete_minute
from dashboard.selectors.system_figures import Values, figures_now

# A run that came late makes up for it. Whoever reads a minute again writes the same.
MINUTES_AGAIN = 3


def readings_take(*, now: datetime) -> int:
    """Returns how many were written."""
    newest = newest_complete_minute(now)
    by_minute = {newest - ago * MINUTE: minute_figures(newest - ago * MINUTE) for ago in range(MINUTES_AGAIN)}
    this_minute = now.replace(second=0, microsecond=0)
    by_minute[this_minute] = figures_now(now)
    return readings_write(by_minute)


@transaction.atomic
def readings_write(by_minute: Mapping[datetime, Values]) -> int:
    """In one order, so that two runs at once do not wait for each other in a circle."""
    rows = [
        Reading(minute=minute, figure=figure, subject=subject[:60], value=value)
        for minute, values in sorted(by_minute.items())
        for (figure, subject), value in sorted(values.items())
    ]
    Reading.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["figure", "subject", "minute"],
        update_fields=["value"],
    )
    return len(rows)
