"""What a version of a rule says of one past payment, row by row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.models import Decision, PersonalDetail, Transaction
from rules.domain.definitions import RuleDefinition
from rules.domain.explain import Line, Lookup, explain
from rules.domain.expressions import Expression, NamedList, conditions_of, fields_used
from rules.domain.networks import ALL_PREFIXES, networks_around
from rules.domain.validation import load_expression
from rules.errors import InvalidExpression
from rules.models import ListItem, RuleVersion
from rules.simulation.filling import fill
from sentinel.core.catalogue import BY_NAME, PACKED_FIELDS, FieldType, Value, value_of

_NUMBER_BYTES = 8
# Text that lies with the personal details: who may not see those does not see it here.
PERSONAL_FIELDS = frozenset(
    {"card_bin", "card_token", "device_id", "ip_address", "location_city", "user_agent", "email_domain"}
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """`lacking` are fields that the payment's snapshot is too old for and nobody could fill in."""

    payment: Transaction
    lines: list[Line]
    lacking: list[str]

    @property
    def holds(self) -> bool:
        return self.lines[0].holds


def payment_explain(*, rule: RuleDefinition, payment: Transaction) -> Explanation:
    """By the stored snapshot and texts, with lists as they were when it was recorded."""
    decision = Decision.objects.get(pk=payment.pk)
    names = sorted(fields_used(rule.expression))
    detail = PersonalDetail.objects.filter(pk=payment.pk).first()
    values = values_known(payment, decision, detail)
    if lacking := [name for name in names if name not in values]:
        values |= _filled(lacking, payment.pk)

    def is_on_list(name: str, value: str) -> bool:
        items = ListItem.objects.valid_at(decision.recorded_at)
        return items.filter(list__name=name, value__in=[value, *networks_around(value, ALL_PREFIXES)]).exists()

    lines = explain(rule.expression, values, is_on_list)
    return Explanation(payment, lines, [name for name in names if name not in values])


def values_known(payment: Transaction, decision: Decision, detail: PersonalDetail | None) -> dict[str, Value]:
    """What the record has of the payment by field name: the snapshot as it was frozen, the scores, the texts."""
    known = _unpacked(bytes(decision.snapshot))
    known |= {"fraud_probability": decision.fraud_probability, "score_percentile": decision.score_percentile}
    texts = (name for name, field in BY_NAME.items() if field.type is FieldType.TEXT)
    return known | {name: getattr(detail if name in PERSONAL_FIELDS else payment, name, None) for name in texts}


@dataclass(frozen=True, slots=True)
class ExplainedHit:
    """A version that hit. `lines` are empty when it cannot be read any more; `has_say` is told by the decision."""

    version: RuleVersion
    has_say: bool
    lines: list[Line]


def hits_explain(*, decision: Decision, values: Mapping[str, Value]) -> list[ExplainedHit]:
    """Every version that hit, row by row, those with a say first. Two queries, however many there are."""
    hit = [*decision.rule_hits, *decision.silent_hits]
    found = {version.pk: version for version in RuleVersion.objects.filter(pk__in=hit).select_related("rule")}
    read = {key: _read(found[key]) for key in dict.fromkeys(hit) if key in found}
    is_on_list = _lists_then(filter(None, read.values()), values, decision.recorded_at)
    return [
        ExplainedHit(
            found[key], key in decision.rule_hits, explain(expression, values, is_on_list) if expression else []
        )
        for key, expression in read.items()
    ]


def _read(version: RuleVersion) -> Expression | None:
    try:
        return load_expression(version.expression, lists=None)
    except InvalidExpression:
        return None


def _lists_then(expressions: Iterable[Expression], values: Mapping[str, Value], then: datetime) -> Lookup:
    """The lists that these expressions ask, as they were at a moment; no query when they ask none."""
    asked = {
        (condition.operand.name, str(values[condition.field]))
        for expression in expressions
        for condition in conditions_of(expression)
        if isinstance(condition.operand, NamedList) and values.get(condition.field) is not None
    }
    if not asked:
        return lambda name, value: False
    around = {value: [value, *networks_around(value, ALL_PREFIXES)] for _, value in asked}
    items = ListItem.objects.valid_at(then).filter(
        list__name__in={name for name, _ in asked}, value__in={each for found in around.values() for each in found}
    )
    listed = set(items.values_list("list__name", "value"))
    return lambda name, value: any((name, each) in listed for each in around[value])


def _unpacked(snapshot: bytes) -> dict[str, Value]:
    """A snapshot of an older catalogue is the beginning of a newer one."""
    numbers = memoryview(snapshot[: len(snapshot) - len(snapshot) % _NUMBER_BYTES]).cast("d")
    return {field.name: value_of(field.name, number) for field, number in zip(PACKED_FIELDS, numbers, strict=False)}


def _filled(names: list[str], transaction_id: UUID) -> dict[str, Value]:
    found = fill(names, [transaction_id])
    return {name: value_of(name, filled.numbers[0]) for name, filled in found.items() if filled.known[0]}
