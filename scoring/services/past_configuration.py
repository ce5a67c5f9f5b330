"""What decided at moments of the past, for making decisions again: see `configuration` for what decides now.

A decision names its ruleset and its model. Policy, snoozes, break-glass and lists are those of its moment, by the
history that the database keeps of each.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol, TypeVar

from ledger.domain.decisions import RecordedDecision
from rules.domain.columns import Histories, ListHistory
from rules.models import RulesetVersion
from rules.simulation.lists import microseconds
from rules.simulation.rulesets import PastRuleset, PastRulesets
from scoring.domain.policy_releases import Release
from scoring.domain.redecision import NotPossible
from scoring.models import ModelVersion
from scoring.selectors.models import model_load
from scoring.selectors.policies import policies_of, releases_in_order
from scoring.services.configuration import TRUST_SECONDS, Configuration
from scoring.serving.champion import Champion
from scoring.serving.errors import ArtefactError

# How much earlier or later than a payment's moment its process may have looked at what decides: memory is trusted
# for some time, and after the moment come the group's turn and its locks.
BEFORE, AFTER = timedelta(seconds=TRUST_SECONDS + 2), timedelta(seconds=10)
_MOMENTS_MAX = 100
_KNOWN_MAX = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Versions(Protocol):
    """What names a ruleset and a model."""

    @property
    def ruleset_version(self) -> int | None: ...

    @property
    def model_version(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PastConfiguration:
    configuration: Configuration
    ruleset: PastRuleset


class Past:
    """Everything that is asked for is read once. Not to be shared between threads."""

    def __init__(self) -> None:
        self._rulesets = PastRulesets()
        self._releases = releases_in_order()
        self._began = [began for began, _ in self._releases]
        ends = {release.emergency_until for _, release in self._releases if release.emergency_until}
        self._changes = sorted({*self._rulesets.changes(), *self._began, *ends})
        self._known: dict[object, PastConfiguration | NotPossible] = {}
        self._models: dict[str, Champion | NotPossible] = {}
        self._policies_of = cache(policies_of)

    def at(
        self, decision: RecordedDecision, moment: datetime, failed: frozenset[int] = frozenset()
    ) -> PastConfiguration:
        """What decided at a moment, with the ruleset and model that the decision names; the rule versions in `failed`
        cannot be evaluated. Its lists are those of the moment until the next call. Errors: NotPossible.
        """
        self._rulesets.then.moment = microseconds(moment)
        stretch = bisect_right(self._changes, moment)
        key = (decision.ruleset_version, decision.model_version, stretch, failed)
        if key not in self._known:
            if len(self._known) == _KNOWN_MAX:
                del self._known[next(iter(self._known))]
            self._known[key] = self._load_or_say_why(decision, moment, failed)
        return _raised(self._known[key])

    def configuration(self, versions: Versions, moment: datetime) -> Configuration:
        """What was in force at a moment, with the ruleset and model that are named. Errors: NotPossible."""
        self._rulesets.then.moment = microseconds(moment)
        try:
            return self._load(versions, moment, frozenset()).configuration
        except RulesetVersion.DoesNotExist:
            raise NotPossible("ruleset_unknown") from None

    def moments_around(self, moment: datetime, lists: Histories) -> list[datetime]:
        """One moment for each other state within reach, the nearest first."""
        first, last = moment - BEFORE, moment + AFTER
        changes = {
            *self._changes[bisect_left(self._changes, first) : bisect_right(self._changes, last)],
            *_changes_of_lists(lists.values(), microseconds(first), microseconds(last)),
        }
        others = (change if change > moment else change - _TICK for change in changes)
        return sorted(others, key=lambda other: abs(other - moment))[:_MOMENTS_MAX]

    def _load_or_say_why(
        self, decision: RecordedDecision, moment: datetime, failed: frozenset[int]
    ) -> PastConfiguration | NotPossible:
        try:
            return self._load(decision, moment, failed)
        except RulesetVersion.DoesNotExist:
            return NotPossible("ruleset_unknown")
        except NotPossible as why:
            return why

    def _load(self, decision: Versions, moment: datetime, failed: frozenset[int]) -> PastConfiguration:
        number, model_version = decision.ruleset_version or 0, decision.model_version
        ruleset = self._rulesets.at(number, moment, failed)
        policies = self._policies_of(self._release_at(moment))
        champion = self._model(model_version) if model_version else None
        configuration = Configuration(
            number, ruleset.compiled, policies.live, champion, policies.reload_at, policies.canary
        )
        return PastConfiguration(configuration, ruleset)

    def _release_at(self, moment: datetime) -> Release:
        place = bisect_right(self._began, moment)
        return self._releases[place - 1][1].at(moment) if place else Release()

    def _model(self, version: str) -> Champion:
        if version not in self._models:
            self._models[version] = _model_or_why(version)
        return _raised(self._models[version])


def _model_or_why(version: str) -> Champion | NotPossible:
    row = ModelVersion.objects.filter(version=version).first()
    if row is None:
        return NotPossible("model_unknown")
    try:
        return model_load(row)
    except ArtefactError as error:
        return NotPossible(error.code)


def _changes_of_lists(lists: Iterable[ListHistory], first: int, last: int) -> Iterator[datetime]:
    for history in lists:
        changes = history.changes
        for change in changes[bisect_left(changes, first) : bisect_right(changes, last)]:
            yield _EPOCH + timedelta(microseconds=change)


T = TypeVar("T")


def _raised(found: T | NotPossible) -> T:
    if isinstance(found, NotPossible):
        raise NotPossible(found.code)
    return found
