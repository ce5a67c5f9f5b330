"""What a version of a rule says of one past payment, row by row."""

from dataclasses import dataclass
from uuid import UUID

from ledger.models import Decision, PersonalDetail, Transaction
from rules.domain.definitions import RuleDefinition
from rules.domain.explain import Line, explain
from rules.domain.expressions import fields_used
from rules.domain.networks import ALL_PREFIXES, networks_around
from rules.models import ListItem
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
    values = _known(names, payment, decision)

    def is_on_list(name: str, value: str) -> bool:
        items = ListItem.objects.valid_at(decision.recorded_at)
        return items.filter(list__name=name, value__in=[value, *networks_around(value, ALL_PREFIXES)]).exists()

    lines = explain(rule.expression, values, is_on_list)
    return Explanation(payment, lines, [name for name in names if name not in values])


def _known(names: list[str], payment: Transaction, decision: Decision) -> dict[str, Value]:
    known = _unpacked(bytes(decision.snapshot))
    known |= {"fraud_probability": decision.fraud_probability, "score_percentile": decision.score_percentile}
    detail = PersonalDetail.objects.filter(pk=payment.pk).first()
    for name in names:
        if BY_NAME[name].type is FieldType.TEXT:
            known[name] = getattr(detail if name in PERSONAL_FIELDS else payment, name, None)
    if lacking := [name for name in names if name not in known]:
        known |= _filled(lacking, payment.pk)
    return known


def _unpacked(snapshot: bytes) -> dict[str, Value]:
    """A snapshot of an older catalogue is the beginning of a newer one."""
    numbers = memoryview(snapshot[: len(snapshot) - len(snapshot) % _NUMBER_BYTES]).cast("d")
    return {field.name: value_of(field.name, number) for field, number in zip(PACKED_FIELDS, numbers, strict=False)}


def _filled(names: list[str], transaction_id: UUID) -> dict[str, Value]:
    found = fill(names, [transaction_id])
    return {name: value_of(name, filled.numbers[0]) for name, filled in found.items() if filled.known[0]}
