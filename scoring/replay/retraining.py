"""Trains, measures and promotes while a replay pauses, by the commands an operator would use, at the replayed moment.

Each command is a process of its own, as in operation. What came of it is read from the registry.
"""

import asyncio
import sys
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone

from ledger.models import Transaction
from scoring.models import ModelEvaluation, ModelVersion
from scoring.replay.schedule import Retraining
from scoring.replay.translation import Translation
from scoring.services.promotions import model_promote, model_retire
from sentinel.core.errors import SentinelError
from sentinel.ops.state import ROOT

ACTOR = "manage.py replay"
COMMAND_SECONDS_MAX = 3600
State = ModelVersion.State


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of one retraining. `refused_by` are the lines of the gate that failed, with their words; `words` say
    why it ended before the gate or after it.
    """

    moment: datetime
    version: str | None = None
    learned: str = ""
    passed: bool | None = None  # None: the gate was not asked
    refused_by: dict[str, str] = field(default_factory=dict)
    promoted: bool = False
    words: str = ""

    @property
    def line(self) -> str:
        made = f"{self.version}, {self.learned}" if self.version else "no model"
        gate = {True: "the gate lets it pass", False: f"refused by {', '.join(self.refused_by)}", None: "no verdict"}
        ended = "promoted" if self.promoted else "not promoted"
        why = f" ({self.words})" if self.words else ""
        return f"{self.moment:%Y-%m-%d %H:%M}: {made}; {gate[self.passed]}; {ended}{why}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "moment": self.moment.isoformat()}


@dataclass(slots=True)
class Retrainer:
    """`promoter` is the person who answers for promotions; without one only a supervised champion is replaced, by the
    gate's word alone.
    """

    promoter: str | None = None
    previous: str | None = None  # the model of the last time

    async def retrain(self, moment: datetime) -> Retrained:
        await self.put_away()
        as_of = ("--as-of", f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        newest = await _newest_id()
        complaint = await manage("train_model", *as_of, "--challenger")
        model = await _model_after(newest)
        if model is None:
            return Retrained(moment, words=complaint)
        self.previous = model.version
        found = Retrained(moment, model.version, learned_words(model), promoted=model.state == State.CHAMPION)
        if found.promoted:
            return replace(found, words="there was no champion")
        complaint = await manage("evaluate_model", model.version, *as_of)
        evaluation = await _evaluation_of(model)
        if evaluation is None:
            return replace(found, words=complaint)
        refused_by = {line["code"]: line["words"] for line in evaluation.lines if not line["passed"]}
        found = replace(found, passed=evaluation.passed, refused_by=refused_by)
        return await self.promote(found, evaluation) if evaluation.passed else found

    async def put_away(self) -> None:
        """The previous challenger, unless it was promoted: the worker scores every payment with each."""
        if self.previous:
            await _retire(self.previous)

    async def promote(self, found: Retrained, evaluation: ModelEvaluation) -> Retrained:
        """What passed the gate."""
        version = evaluation.model.version
        needs_person = evaluation.needs_approval or not evaluation.champion.is_supervised
        if needs_person and self.promoter is None:
            return replace(found, words="a person must answer for it: --promote-by")
        if self.promoter is None:
            complaint = await _promote_by_the_gate(evaluation)
        else:
            complaint = await manage("promote_model", version, "--by", self.promoter)
        return replace(found, promoted=await _is_champion(version), words=complaint)


async def manage(*arguments: str) -> str:
    """Runs a command of manage.py to its end; what it complained of, if it failed. It is ended with the replay."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "manage.py"),
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            _, said = await process.communicate()
    except TimeoutError:
        return f"{arguments[0]} took longer than {COMMAND_SECONDS_MAX} seconds"
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return _complaint(said.decode(errors="replace")) if process.returncode else ""


def _complaint(said: str) -> str:
    """What Django makes of a CommandError, else the last line."""
    _, is_told, words = said.rpartition("CommandError: ")
    return words.strip() if is_told else said.strip().rpartition("\n")[2]


def learned_words(model: ModelVersion) -> str:
    part = model.manifest["classifier"] or model.manifest["forest"]
    window = part["training"]
    frauds = "" if window["frauds"] is None else f" with {window['frauds']:,} frauds"
    days = f"{window['start']:.10} to {window['end']:.10}"
    return f"{model.get_kind_display().lower()} of {window['rows']:,} payments{frauds}, {days}"


@sync_to_async
def is_passed_over(step: Retraining, translation: Translation) -> bool:
    """When an earlier run of the replay got past it: its next payment is recorded."""
    row = step.before
    return Transaction.objects.filter(account_id=translation.account_id(row), reference=row.transaction_id).exists()


@sync_to_async
def _retire(version: str) -> None:
    if ModelVersion.objects.filter(version=version, state=State.CHALLENGER).exists():
        model_retire(version=version, actor=ACTOR, now=timezone.now())


@sync_to_async
def _promote_by_the_gate(evaluation: ModelEvaluation) -> str:
    """Nobody's name but the command's; why not, when it was refused."""
    try:
        model_promote(version=evaluation.model.version, actor=ACTOR, now=timezone.now(), evaluation=evaluation)
    except SentinelError as error:
        return f"{error.title}. {error.detail or ''}".strip()
    return ""


@sync_to_async
def _newest_id() -> int:
    return ModelVersion.objects.order_by("-id").values_list("id", flat=True).first() or 0


@sync_to_async
def _model_after(newest_id: int) -> ModelVersion | None:
    return ModelVersion.objects.filter(id__gt=newest_id).order_by("-id").first()


@sync_to_async
def _evaluation_of(model: ModelVersion) -> ModelEvaluation | None:
    return ModelEvaluation.objects.filter(model=model).select_related("model", "champion").order_by("-id").first()


@sync_to_async
def _is_champion(version: str) -> bool:
    return ModelVersion.objects.filter(version=version, state=State.CHAMPION).exists()
