"""What is live, read for the pipeline; and rules as the Admin shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from rules.domain.compiler import CompiledRuleset, compile_ruleset
from rules.domain.definitions import Failure, RuleDefinition
from rules.domain.expressions import Expression, lists_used
from rules.domain.lists import ItemType
from rules.domain.sentence import sentence
from rules.domain.validation import load_expression
from rules.errors import InvalidExpression
from rules.models import List, ListItem, Rule, RulesetMember, RulesetVersion, RuleVersion
from sentinel.core.outcomes import Action


@dataclass(frozen=True, slots=True)
class LiveRuleset:
    """The ruleset to decide with. Load it again when configuration changes, and at `reload_at`: a list item expires.

    `version` is 0 before the first publication.
    """

    version: int
    compiled: CompiledRuleset
    reload_at: datetime | None


def ruleset_load_live(now: datetime) -> LiveRuleset:
    """The latest published ruleset with the list items valid now, in four queries.

    A rule that cannot be read any more is reported as failed by every evaluation; the others work.
    """
    ruleset = RulesetVersion.objects.first()
    versions = _versions_of(ruleset) if ruleset else []
    rules, unreadable = _read(versions, list_types())
    names = frozenset[str]().union(*(lists_used(rule.expression) for rule in rules))
    lists, reload_at = _load_lists(names, now)
    compiled = compile_ruleset(rules, lists, unreadable)
    return LiveRuleset(ruleset.number if ruleset else 0, compiled, reload_at)


def list_types() -> dict[str, ItemType]:
    return {name: ItemType(item_type) for name, item_type in List.objects.values_list("name", "item_type")}


def _versions_of(ruleset: RulesetVersion) -> list[RuleVersion]:
    members = ruleset.members.select_related("version__rule").order_by("rule__code")
    return [member.version for member in members]


def _read(
    versions: Iterable[RuleVersion], lists: Mapping[str, ItemType]
) -> tuple[list[RuleDefinition], list[Failure]]:
    rules, unreadable = [], []
    for version in versions:
        try:
            rules.append(_definition(version, load_expression(version.expression, lists)))
        except InvalidExpression as error:
            unreadable.append(Failure(version.rule.code, version.number, Action(version.action), error.detail))
    return rules, unreadable


def _definition(version: RuleVersion, expression: Expression) -> RuleDefinition:
    return RuleDefinition(
        code=version.rule.code,
        version=version.number,
        name=version.rule.name,
        action=Action(version.action),
        reason_code=version.reason_code,
        reason_words=version.reason_words,
        expression=expression,
    )


def _load_lists(names: frozenset[str], now: datetime) -> tuple[dict[str, frozenset[str]], datetime | None]:
    """The valid values of each list, and when the first of them expires."""
    values: dict[str, set[str]] = {name: set() for name in names}
    reload_at: datetime | None = None
    items = ListItem.objects.valid_at(now).filter(list__name__in=names)
    for name, value, expires_at in items.values_list("list__name", "value", "expires_at").iterator(chunk_size=10_000):
        values[name].add(value)
        if expires_at and (reload_at is None or expires_at < reload_at):
            reload_at = expires_at
    return {name: frozenset(members) for name, members in values.items()}, reload_at


def rule_latest_version(rule: Rule) -> RuleVersion | None:
    return rule.versions.order_by("-number").first() if rule.pk else None


def rules_with_versions() -> QuerySet[Rule]:
    """Rules with `latest_expression`, `latest_action` and `live_number`, for a list page in one query."""
    latest = RuleVersion.objects.filter(rule=OuterRef("pk")).order_by("-number")
    live_ruleset = RulesetVersion.objects.order_by("-number").values("pk")[:1]
    live = RulesetMember.objects.filter(rule=OuterRef("pk"), ruleset=Subquery(live_ruleset))
    return Rule.objects.annotate(
        latest_expression=Subquery(latest.values("expression")[:1]),
        latest_action=Subquery(latest.values("action")[:1]),
        live_number=Subquery(live.values("version__number")[:1]),
    )


def sentence_of(action: str, expression: object) -> str:
    """The sentence of a saved expression, or what is wrong with it."""
    try:
        return sentence(Action(action), load_expression(expression, lists=None))
    except InvalidExpression as error:
        return f"This rule cannot be read. {error.detail}"
