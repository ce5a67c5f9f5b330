"""What is live, read for the pipeline; and rules as the Admin shows them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from ledger.models import Account
from rules.domain.compiler import CompiledRuleset, compile_ruleset
from rules.domain.definitions import Failure, RuleDefinition
from rules.domain.differences import Asked
from rules.domain.expressions import Combinator, Expression, Group, lists_used
from rules.domain.listed_values import ListedValues
from rules.domain.lists import ItemType
from rules.domain.path import Standing
from rules.domain.sentence import sentence
from rules.domain.stages import Stage
from rules.domain.validation import load_expression
from rules.errors import InvalidExpression
from rules.lists_in_memory import lists_current
from rules.models import (
    Alarm,
    ApprovalRequest,
    List,
    Rule,
    RulesetMember,
    RulesetVersion,
    RuleSnooze,
    RuleVersion,
    Simulation,
)
from sentinel.core.outcomes import Action

ACCOUNTS_JUDGED = 100
ALARMS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class LiveRuleset:
    """The ruleset to decide with. Load it again when configuration changes, and at `reload_at`: something expires.

    `version` is 0 before the first publication. `lists` are those its rules look into.
    """

    version: int
    compiled: CompiledRuleset
    lists: Mapping[str, ListedValues]
    reload_at: datetime | None


def ruleset_load_live(now: datetime, known: LiveRuleset | None = None) -> LiveRuleset:
    """The latest published ruleset, its lists brought up to date. The `known` one when it is still that one.

    A rule that cannot be read any more is reported as failed by every evaluation; the others work.
    """
    ruleset = RulesetVersion.objects.first()
    number = ruleset.number if ruleset else 0
    snoozed, first_awake = _load_snoozes(now)
    if known and known.version == number and _is_current(known, snoozed, now):
        return known
    rules, unreadable, members = ruleset_asked_at(ruleset, now)
    lists = lists_current(frozenset[str]().union(*(lists_used(rule.expression) for rule in rules)))
    compiled = compile_ruleset(rules, lists, unreadable, snoozed)
    ends = [first_awake, *(member.expires_at for member in members)]
    return LiveRuleset(number, compiled, lists, min(filter(None, ends), default=None))


def rules_live(now: datetime) -> tuple[int, list[RuleDefinition], list[Failure]]:
    """The number of the ruleset (0: none yet), its live rules, and those that cannot be read any more."""
    ruleset = RulesetVersion.objects.first()
    rules, unreadable, _ = ruleset_asked_at(ruleset, now)
    live = [rule for rule in rules if rule.stage is Stage.LIVE]
    return ruleset.number if ruleset else 0, live, [each for each in unreadable if each.stage is Stage.LIVE]


def rule_definition(version: RuleVersion) -> RuleDefinition:
    """Errors: InvalidExpression when it cannot be read any more."""
    return _definition(version, load_expression(version.expression, list_types()))


def ruleset_asked_at(
    ruleset: RulesetVersion | None, now: datetime
) -> tuple[list[RuleDefinition], list[Failure], list[RulesetMember]]:
    """The rules of a version that were asked at a moment, those that cannot be read any more, and what said so."""
    members = _members_of(ruleset, now) if ruleset else []
    return *_read(members, list_types()), members


def _is_current(known: LiveRuleset, snoozed: Mapping[str, frozenset[str]], now: datetime) -> bool:
    """Whether a ruleset of the same number can go on: nothing in it has expired, and its lists are the same ones."""
    has_ended = known.reload_at is not None and known.reload_at <= now
    is_same = not known.compiled.unreadable and known.compiled.snoozed == snoozed
    return is_same and not has_ended and _lists_are_same(known)


def _lists_are_same(known: LiveRuleset) -> bool:
    """Whether the objects its rules ask are those that were just brought up to date."""
    current = lists_current(known.lists)
    return all(current.get(name) is values for name, values in known.lists.items())


def list_types() -> dict[str, ItemType]:
    return {name: ItemType(item_type) for name, item_type in List.objects.values_list("name", "item_type")}


def _members_of(ruleset: RulesetVersion, now: datetime) -> list[RulesetMember]:
    """Those that are asked at this moment: break-glass lets in for some hours only."""
    members = ruleset.members.select_related("version__rule").order_by("rule__code", "-stage")
    return [member for member in members if member.expires_at is None or member.expires_at > now]


def _read(
    members: Iterable[RulesetMember], lists: Mapping[str, ItemType]
) -> tuple[list[RuleDefinition], list[Failure]]:
    rules, unreadable = [], []
    for member in members:
        try:
            rules.append(_placed(member, load_expression(member.version.expression, lists)))
        except InvalidExpression as error:
            unreadable.append(_placed(member, NOTHING_SAID).failure(error.detail))
    return rules, unreadable


NOTHING_SAID = Group(Combinator.ALL, ())


def _placed(member: RulesetMember, expression: Expression) -> RuleDefinition:
    definition = _definition(member.version, expression)
    return replace(definition, stage=Stage(member.stage), share_percent=member.share_percent)


def _definition(version: RuleVersion, expression: Expression) -> RuleDefinition:
    return RuleDefinition(
        code=version.rule.code,
        version=version.number,
        name=version.rule.name,
        action=Action(version.action),
        reason_code=version.reason_code,
        reason_words=version.reason_words,
        expression=expression,
        version_id=version.pk,
    )


def _load_snoozes(now: datetime) -> tuple[dict[str, frozenset[str]], datetime | None]:
    """The accounts that each rule leaves alone, and when the first of them is asked again."""
    accounts: dict[str, set[str]] = defaultdict(set)
    open_ = RuleSnooze.objects.filter(ended_at__isnull=True, until__gt=now)
    found = list(open_.values_list("rule__code", "account_id", "until"))
    for code, account_id, _ in found:
        accounts[code].add(account_id)
    awake = min((until for _, _, until in found), default=None)
    return {code: frozenset(members) for code, members in accounts.items()}, awake


def rule_latest_version(rule: Rule) -> RuleVersion | None:
    return rule.versions.order_by("-number").first() if rule.pk else None


def version_is_approved(version: RuleVersion) -> bool:
    """Whether a colleague of its author approved it: it may take part in decisions."""
    approved = version.requests.filter(kind=ApprovalRequest.Kind.PUBLISH, state=ApprovalRequest.State.APPROVED)
    return approved.exclude(decided_by=version.author).exists()


def version_is_simulated(version: RuleVersion) -> bool:
    return Simulation.objects.filter(version=version, state=Simulation.State.DONE).exists()


def rules_with_standing() -> QuerySet[Rule]:
    """Rules with what `standing_of` reads and the latest version's words, for a list page in one query."""
    latest = RuleVersion.objects.filter(rule=OuterRef("pk")).order_by("-number")
    current = RulesetVersion.objects.order_by("-number").values("pk")[:1]
    members = RulesetMember.objects.filter(rule=OuterRef("pk"), ruleset=Subquery(current))
    trial = members.exclude(stage=Stage.LIVE)
    asked = ApprovalRequest.objects.filter(rule=OuterRef("pk"), state=ApprovalRequest.State.OPEN)
    done = Simulation.objects.filter(version__rule=OuterRef("pk"), state=Simulation.State.DONE)
    earlier = RulesetMember.objects.filter(rule=OuterRef("pk"))
    return Rule.objects.annotate(
        latest_number=Subquery(latest.values("number")[:1]),
        latest_expression=Subquery(latest.values("expression")[:1]),
        latest_action=Subquery(latest.values("action")[:1]),
        live_number=Subquery(members.filter(stage=Stage.LIVE).values("version__number")[:1]),
        live_until=Subquery(members.filter(stage=Stage.LIVE).values("expires_at")[:1]),
        trial_number=Subquery(trial.values("version__number")[:1]),
        trial_stage=Subquery(trial.values("stage")[:1]),
        trial_share=Subquery(trial.values("share_percent")[:1]),
        is_asked_for=Exists(asked),
        is_simulated=Exists(done.filter(version__number=OuterRef("latest_number"))),
        last_number=Subquery(earlier.order_by("-ruleset__number").values("version__number")[:1]),
    )


def alarms_unseen() -> tuple[int, list[Alarm]]:
    """How many alarms nobody has seen yet, and the newest of them."""
    unseen = Alarm.objects.filter(seen_at__isnull=True)
    newest = list(unseen[:ALARMS_SHOWN])
    return (unseen.count() if len(newest) == ALARMS_SHOWN else len(newest)), newest


def simulated_hits_per_day(version_id: int) -> float | None:
    """The hits a day that the version's latest simulation found; None when there is none."""
    done = Simulation.objects.filter(version_id=version_id, state=Simulation.State.DONE)
    result: Any = done.values_list("result", flat=True).first()
    return float(result["hits"]["per_day"]) if result else None


def standing_of(rule: Any) -> Standing:
    """Where a rule of rules_with_standing is on its way."""
    return Standing(
        latest=rule.latest_number,
        live=rule.live_number,
        trial=rule.trial_number,
        trial_stage=Stage(rule.trial_stage) if rule.trial_stage else None,
        share_percent=rule.trial_share,
        is_asked_for=rule.is_asked_for,
        last_asked=rule.last_number,
        is_simulated=rule.is_simulated,
    )


def ruleset_asked(ruleset: RulesetVersion) -> dict[tuple[str, bool], Asked]:
    """What a ruleset asks, by rule and whether the version is on trial: for comparing two of them."""
    members = ruleset.members.select_related("version__rule")
    return {
        (member.version.rule.code, member.stage != Stage.LIVE): Asked(
            member.version.number,
            f"{member.stage} {member.share_percent} %" if member.share_percent else member.stage,
            sentence_of(member.version.action, member.version.expression),
        )
        for member in members
    }


def sentence_of(action: str, expression: object) -> str:
    """The sentence of a saved expression, or what is wrong with it."""
    try:
        return sentence(Action(action), load_expression(expression, lists=None))
    except InvalidExpression as error:
        return f"This rule cannot be read. {error.detail}"


def usual_currency() -> str:
    """The currency a new condition most likely means, judged by a few accounts; empty without accounts."""
    some = Account.objects.order_by("id").values_list("currency", flat=True)[:ACCOUNTS_JUDGED]
    return next((currency for currency, _ in Counter(some).most_common(1)), "")
