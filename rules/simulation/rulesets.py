"""Rulesets as they were asked at moments of the past: break-glass, snoozes and lists as they stood.

Everything here is read once, and for moments that are over: what changes meanwhile does not concern them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rules.domain.columns import Histories, ListHistory
from rules.domain.compiler import CompiledRuleset, compile_ruleset
from rules.domain.definitions import Failure, RuleDefinition
from rules.domain.expressions import fields_used, lists_used, needs_score
from rules.models import RulesetMember, RulesetVersion, RuleSnooze
from rules.selectors import ruleset_asked_at
from rules.simulation.lists import list_histories

_COMPILED_MAX = 50


@dataclass(slots=True)
class Then:
    """The moment that lists are asked for, as microseconds since 1970. Whoever evaluates sets it first."""

    moment: int = 0


@dataclass(frozen=True, slots=True)
class ListThen:
    """One list as rules ask it: as it stood then."""

    history: ListHistory
    then: Then

    def __contains__(self, value: object) -> bool:
        return self.history.has(value, self.then.moment)


@dataclass(frozen=True, slots=True)
class PastRuleset:
    """`fields` are those that its rules read, `lists` those they look into."""

    compiled: CompiledRuleset
    fields: frozenset[str]
    lists: Histories


@dataclass(frozen=True, slots=True)
class _Snooze:
    rule_code: str
    account_id: str
    since: datetime
    until: datetime


class PastRulesets:
    """Not to be shared between threads: its lists are asked for one moment at a time."""

    def __init__(self) -> None:
        self.then = Then()
        self._snoozes = _snoozes()
        self._lists: dict[str, ListHistory] = {}
        self._compiled: dict[tuple[Any, ...], PastRuleset] = {}

    def changes(self) -> set[datetime]:
        """The moments at which a snooze or a break-glass began or ended. Between two of them `at` does not change."""
        ends = RulesetMember.objects.filter(expires_at__isnull=False).values_list("expires_at", flat=True)
        return {*filter(None, ends), *(moment for snooze in self._snoozes for moment in (snooze.since, snooze.until))}

    def at(self, number: int, moment: datetime, failed: frozenset[int] = frozenset()) -> PastRuleset:
        """A ruleset as it was asked at a moment; 0 is the one before the first. Versions in `failed` cannot be
        evaluated, whatever they say now. Errors: RulesetVersion.DoesNotExist.
        """
        ruleset = RulesetVersion.objects.get(number=number) if number else None
        rules, unreadable, _ = ruleset_asked_at(ruleset, moment)
        # In the order in which both passes tell of failures.
        stopped = sorted((rule for rule in rules if rule.version_id in failed), key=_is_in_second_pass)
        unreadable += [rule.failure("it failed at the time") for rule in stopped]
        rules = [rule for rule in rules if rule.version_id not in failed]
        key = (number, tuple([rule.version_id for rule in rules]), tuple([each.version_id for each in unreadable]))
        if key not in self._compiled:
            if len(self._compiled) == _COMPILED_MAX:
                del self._compiled[next(iter(self._compiled))]
            self._compiled[key] = self._compile(rules, unreadable)
        found = self._compiled[key]
        return replace(found, compiled=replace(found.compiled, snoozed=self._snoozed_at(moment)))

    def _compile(self, rules: list[RuleDefinition], unreadable: list[Failure]) -> PastRuleset:
        lists = self._histories(frozenset[str]().union(*(lists_used(rule.expression) for rule in rules)))
        asked = {name: ListThen(history, self.then) for name, history in lists.items()}
        fields = frozenset[str]().union(*(fields_used(rule.expression) for rule in rules))
        return PastRuleset(compile_ruleset(rules, asked, unreadable), fields, lists)

    def _histories(self, names: Iterable[str]) -> Histories:
        self._lists |= list_histories([name for name in names if name not in self._lists])
        return {name: self._lists[name] for name in names}

    def _snoozed_at(self, moment: datetime) -> Mapping[str, frozenset[str]]:
        accounts: dict[str, set[str]] = defaultdict(set)
        for snooze in self._snoozes:
            if snooze.since <= moment < snooze.until:
                accounts[snooze.rule_code].add(snooze.account_id)
        return {code: frozenset(members) for code, members in accounts.items()}


def _is_in_second_pass(rule: RuleDefinition) -> bool:
    return needs_score(rule.expression)


def _snoozes() -> list[_Snooze]:
    rows = RuleSnooze.objects.values_list("rule__code", "account_id", "created_at", "until", "ended_at")
    return [
        _Snooze(code, account_id, since, min(until, ended_at or until))
        for code, account_id, since, until, ended_at in rows
    ]
