"""docs/features.md, written from the catalogue and the windows themselves."""

from collections.abc import Iterator
from itertools import groupby

from scoring.domain import entities, history, windows
from scoring.domain.features import NIGHT_HOURS
from scoring.domain.windows import Window
from sentinel.core.catalogue import CATALOGUE_VERSION, FIELDS, PACKED_FIELDS, Field, FieldType
from sentinel.core.geo import MIN_TRAVEL_SECONDS

_TYPES = {
    FieldType.MONEY: "an amount of the payment's own currency, kept in minor units",
    FieldType.WHOLE: "a whole number",
    FieldType.NUMBER: "a number",
    FieldType.FLAG: "true or false",
    FieldType.COUNTRY: "an ISO 3166-1 code of two letters",
    FieldType.CURRENCY: "an ISO 4217 code of three letters",
    FieldType.CATEGORY: "a merchant category code of four digits (ISO 18245)",
    FieldType.CHOICE: "one of the words listed",
    FieldType.TEXT: "text",
}
_WINDOWS = (
    ("1m", "1 minute", windows.MINUTE),
    ("10m", "10 minutes", windows.TEN_MINUTES),
    ("1h", "1 hour", windows.HOUR),
    ("24h", "24 hours", windows.DAY),
    ("7d", "7 days", windows.WEEK),
    ("30d", "30 days", windows.MONTH),
)
_ENTITY_WINDOWS = (
    ("1m", "1 minute", entities.MINUTE),
    ("1h", "1 hour", entities.HOUR),
    ("24h", "24 hours", entities.DAY),
    ("30d", "30 days", entities.MONTH),
)
_INTRODUCTION = f"""\
# Features

<!-- Written by tests/docs/features_page.py from the code. SENTINEL_WRITE_DOCS=true pytest tests/docs brings it up to
date. -->

A *feature* is a value that rules may test and a model may read. The feature catalogue, `sentinel/core/catalogue.py`,
names each with its type, its unit and its words for people. This is catalogue version {CATALOGUE_VERSION}; it has
{len(FIELDS)} fields, of which {len(PACKED_FIELDS)} are packed.

A feature never changes its meaning: a changed definition is a new name. The values of the *packed* fields are frozen
with each decision, in the order of the catalogue, whether or not a rule or model used them. Text stays out of the
snapshot, since it may be personal, and so do the scores, which are columns of the decision.

**Missing never means zero.** A value that is not known is missing: a rule's condition on it does not hold (see
[rules.md](rules.md)), and it is NaN in the snapshot. The column *missing when* says when; a field without words there
always has a value.
"""


def features_page() -> str:
    return "\n".join([_INTRODUCTION, *_fields(), *_types(), *_windows()]) + "\n"


def _fields() -> Iterator[str]:
    for group, fields in groupby(_by_group(), key=lambda field: field.group):
        yield f"## {group}\n"
        yield "| name | type | unit | words | missing when | packed |"
        yield "|---|---|---|---|---|---|"
        for field in fields:
            cells = (f"`{field.name}`", _type(field), field.unit, field.words, field.missing, _packed(field))
            yield f"| {' | '.join(cells)} |"
        yield ""


def _by_group() -> list[Field]:
    groups = list(dict.fromkeys(field.group for field in FIELDS))
    return sorted(FIELDS, key=lambda field: groups.index(field.group))


def _type(field: Field) -> str:
    return f"choice: {', '.join(field.choices)}" if field.choices else field.type.value


def _packed(field: Field) -> str:
    if field.after_model:
        return "no; second pass"
    return "yes" if field.packed else "no"


def _types() -> Iterator[str]:
    yield "## Types\n"
    yield "| type | a value is |"
    yield "|---|---|"
    for field_type, words in _TYPES.items():
        yield f"| {field_type.value} | {words} |"
    yield ""


def _windows() -> Iterator[str]:
    yield "## Windows\n"
    yield "Windows are counted in buckets, so that a busy account costs no more than a quiet one. A window is the"
    yield "payment's own bucket and the ones before it; buckets are aligned to the epoch, in UTC. The payment that is"
    yield "being decided is not counted. Every recorded attempt that takes money out is counted, whatever its"
    yield "outcome; a top-up is not.\n"
    yield from _table(_WINDOWS)
    yield f"* A merchant is known to an account for {_time(history.MERCHANT_MEMORY_SECONDS)}."
    yield f"* The place of the previous payment is known for {_time(history.PLACE_MEMORY_SECONDS)}. A journey shorter"
    yield f"  than {_time(int(MIN_TRAVEL_SECONDS))} is timed as if it took that long."
    yield f"* Night is {max(NIGHT_HOURS)}:00 to 05:59 in the account's home zone."
    yield "* Windows go by a payment's effective time: the later of its own time and the account's latest, as long as"
    yield f"  it lags by no more than {_time(history.SKEW_SECONDS)}. One that lags more is described from the"
    yield "  ledger's rows up to its own time."
    yield "* Devices, IP addresses, cards, countries and receiving accounts are known for"
    yield f"  {_time(history.COMPANY_MEMORY_SECONDS)} too, the last {history.COMPANY_MAX} of an account together."
    yield ""
    yield from _entities()


def _entities() -> Iterator[str]:
    yield "## Card, device, IP address and merchant\n"
    yield "These fields count the payments of all accounts of the bank, live and test apart, in coarser buckets:\n"
    yield from _table(_ENTITY_WINDOWS)
    yield "* They may lag by a moment when payments of several accounts are decided at once. Replayed one by one,"
    yield "  they are exactly those of the record."
    yield "* Sums, averages and largest amounts are of payments in the currency of the payment that is decided, since"
    yield "  a merchant or an address sees several; counts are of all."
    yield f"* Of different accounts, cards and merchants the last {entities.PARTNERS_MAX} are counted, so that is the"
    yield "  most such a field says."
    yield f"* Who was not seen for {_time(entities.MEMORY_SECONDS)} is forgotten, and is new the next time. The age"
    yield f"  grows to {_time(entities.MEMORY_SECONDS)} at most."
    yield "* A payment that lags behind the latest one of its card (device, address, merchant) by up to"
    yield f"  {_time(entities.LAG_SECONDS)} counts as now. One that lags more is backdated: the fields are missing."
    yield "* After Redis was emptied the fields are missing until the ledger was read, and receipts say"
    yield "  `entity_history_missing`. Missing is never zero; of a card that nobody has seen before, counts are zero."
    yield "* A confirmed fraud counts from the moment it was both observed and recorded, for"
    yield f"  {_time(entities.FRAUD_MEMORY_SECONDS)}. The last word on a payment counts."
    yield "* The e-mail domain is that of the address the gateway sends as `email` in the metadata, in lower case."


def _table(rows: tuple[tuple[str, str, Window], ...]) -> Iterator[str]:
    yield "| window | fields end with | buckets | so it reaches back |"
    yield "|---|---|---|---|"
    for suffix, words, window in rows:
        yield f"| {words} | `_{suffix}` | {window.buckets} of {_time(window.bucket_seconds)} | {_reach(window)} |"
    yield ""


def _reach(window: Window) -> str:
    whole = window.bucket_seconds * window.buckets
    return f"{_time(whole - window.bucket_seconds)} to {_time(whole)}"


def _time(seconds: int) -> str:
    """ "59 minutes", "23.75 hours": in the largest unit that keeps it short."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length * (1 if unit == "minutes" else 2):
            number = f"{seconds / length:.2f}".rstrip("0").rstrip(".")
            return f"{number} {unit.removesuffix('s') if number == '1' else unit}"
    return f"{seconds} seconds"
