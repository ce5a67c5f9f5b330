from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.upkeep import cases_overdue_tell, cases_wake
from sentinel.ops.kept_warnings import keep_warnings, warnings_finish
from sentinel.ops.loops import Loop, Step


class Command(BaseCommand):
    help = (
        "Apply verdicts on cases once they cannot be taken back, wake snoozed cases, tell of overdue ones. Runs on."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        steps = [
            Step("applying verdicts", 1, _now(verdicts_apply)),
            Step("waking cases", 5, _now(cases_wake)),
            Step("telling of overdue cases", 60, _now(cases_overdue_tell)),
        ]
        keep_warnings()
        Loop(steps).run()
        warnings_finish()


def _now(work: Callable[..., int]) -> Callable[[], int]:
    return lambda: work(now=timezone.now())
