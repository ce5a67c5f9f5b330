"""One replay from its first row to its last: payments, labels between them, retrainings, and what came of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

import httpx

from scoring.domain.payment_files import PaymentRow, payment_rows
from scoring.replay.labels import LabelSender
from scoring.replay.report import Report
from scoring.replay.results import Result
from scoring.replay.retraining import Retrained, Retrainer, is_passed_over
from scoring.replay.schedule import DueLabel, Pause, Release, Step, replay_steps
from scoring.replay.sending import replay_send
from scoring.replay.translation import Translation

NO_MOMENT = "without a moment, so not sent"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send. `frauds` are of the label file, None without one; they only measure unless `releases_labels`."""

    path: Path
    currency: str
    limit: int | None = None
    frauds: Mapping[str, datetime | None] | None = None
    releases_labels: bool = True
    retrain_every: timedelta | None = None
    promoter: str | None = None
    lanes: int = 8

    @property
    def labels(self) -> Iterator[DueLabel]:
        """Those that are sent once they are due."""
        if self.releases_labels:
            yield from (DueLabel(name, known_at) for name, known_at in (self.frauds or {}).items() if known_at)

    @property
    def labels_without_moment(self) -> int:
        return sum(known_at is None for known_at in (self.frauds or {}).values()) if self.releases_labels else 0


@dataclass(slots=True)
class Replay:
    """`report` is true at any moment, also when the replay is stopped."""

    plan: Plan
    on_result: Callable[[Result], object]
    on_retrained: Callable[[Retrained], object]
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        self.report = Report(self.plan.frauds)

    async def run(self, client: httpx.AsyncClient) -> None:
        """Errors: PaymentFileError, AmountError, ReplayStopped."""
        rows = islice(payment_rows(self.plan.path), self.plan.limit)
        first = next(rows, None)
        if first is None:
            return
        translation = Translation.of(self.plan.path, self.plan.currency, first)
        await self.send(client, chain([first], rows), translation)

    async def send(self, client: httpx.AsyncClient, rows: Iterator[PaymentRow], translation: Translation) -> None:
        labels = LabelSender(translation, self.plan.frauds or {}, self.report.labels)
        retrainer = Retrainer(self.plan.promoter)

        def take(result: Result) -> None:
            labels.note(result)
            self.report.add(result)
            self.on_result(result)

        async def pause(step: Pause) -> None:
            if isinstance(step, Release):
                await labels.send(client, step.labels)
            elif not await is_passed_over(step, translation):
                retrained = await retrainer.retrain(step.moment)
                self.report.retrained.append(retrained)
                self.on_retrained(retrained)

        if self.plan.labels_without_moment:
            self.report.labels[NO_MOMENT] = self.plan.labels_without_moment
        steps: Iterator[Step] = replay_steps(rows, self.plan.labels, self.plan.retrain_every)
        await replay_send(client, steps, translation, lanes=self.plan.lanes, on_result=take, on_pause=pause)
