"""What an address of the queue asks for: ?tab=mine&mode=test&kind=hold&currency=INR&least=500&rows=100."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from ledger.models import Case
from ledger.selectors.cases import PAGE_ROWS, PAGE_ROWS_MAX, CaseFilter, Tab
from rules.models import RuleVersion
from sentinel.core.countries import COUNTRIES
from sentinel.core.money import EXPONENTS, AmountError, parse_amount

NAME_CHARACTERS_MAX = 100
_MODES = {"live": True, "test": False}
_FILTERS = ("kind", "account", "currency", "least", "overdue", "country", "rule", "reason")


@dataclass(frozen=True, slots=True)
class Asked:
    """`errors` by the field that cannot be used, which is then left out; `kept` are the parameters that can."""

    tab: Tab
    livemode: bool
    narrowed: CaseFilter
    rows: int
    cursor: str | None
    typed: Mapping[str, str]
    kept: Mapping[str, str]
    errors: Mapping[str, str]

    @property
    def is_narrowed(self) -> bool:
        return any(name in self.kept for name in _FILTERS)

    def query(self, **changed: object) -> str:
        """The address of the same list with something changed; None leaves a parameter out."""
        told = {**self.kept, **changed}
        return urlencode({name: value for name, value in told.items() if value is not None})

    def without_filters(self) -> str:
        return self.query(**dict.fromkeys(_FILTERS), cursor=None, rows=None)

    def without_cursor(self, words: str) -> "Asked":
        """From the beginning, when the cursor is none of this list."""
        kept = {name: text for name, text in self.kept.items() if name != "cursor"}
        return replace(self, cursor=None, kept=kept, errors={**self.errors, "cursor": words})


def asked(parameters: Mapping[str, str]) -> Asked:
    typed = {name: text for name in (*_READERS, "least") if (text := parameters.get(name, "").strip())}
    told: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, read in [*_READERS.items(), ("least", lambda text: _least(text, told.get("currency")))]:
        try:
            told[name] = read(typed[name]) if name in typed else None
        except ValueError as error:
            told[name], errors[name] = None, str(error)
    return Asked(
        tab=told["tab"] or Tab.OPEN,
        livemode=told["mode"] is not False,
        narrowed=_filter(told),
        rows=told["rows"] or PAGE_ROWS,
        cursor=told["cursor"],
        typed=typed,
        kept={name: text for name, text in typed.items() if name not in errors},
        errors=errors,
    )


def _filter(told: Mapping[str, Any]) -> CaseFilter:
    return CaseFilter(
        kind=told["kind"],
        account_id=told["account"],
        currency=told["currency"],
        amount_minor_least=told["least"],
        is_overdue=told["overdue"],
        country=told["country"],
        rule_versions=told["rule"],
        reason=told["reason"],
    )


def _one_of(words: Mapping[str, Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text not in words:
            raise ValueError(f"{text!r} is none of: {', '.join(words)}.")
        return words[text]

    return read


def _currency(text: str) -> str:
    if text.upper() not in EXPONENTS:
        raise ValueError(f"{text!r} is not an ISO 4217 currency code in use.")
    return text.upper()


def _country(text: str) -> str:
    if text.upper() not in COUNTRIES:
        raise ValueError(f"{text!r} is not a country of ISO 3166, in two letters.")
    return text.upper()


def _name(text: str) -> str:
    if "\0" in text or len(text) > NAME_CHARACTERS_MAX:
        raise ValueError(f"Write at most {NAME_CHARACTERS_MAX} characters, none of them NUL.")
    return text


def _rule(text: str) -> list[int]:
    """The versions of the rule: any of them may have hit."""
    versions = list(RuleVersion.objects.filter(rule__code=_name(text)).values_list("pk", flat=True))
    if not versions:
        raise ValueError(f"There is no rule {text!r}.")
    return versions


def _rows(text: str) -> int:
    choices = {str(count): count for count in range(PAGE_ROWS, PAGE_ROWS_MAX + 1, PAGE_ROWS)}
    return int(_one_of(choices)(text))


def _least(text: str, currency: str | None) -> int:
    if currency is None:
        raise ValueError("Say of which currency: amounts of different currencies cannot be compared.")
    try:
        return max(parse_amount(text, currency), 0)
    except AmountError as error:
        raise ValueError(str(error)) from None


_READERS: dict[str, Callable[[str], Any]] = {
    "tab": _one_of({tab.value: tab for tab in Tab}),
    "mode": _one_of(_MODES),
    "kind": _one_of({kind.value: kind.value for kind in Case.Kind}),
    "account": _name,
    "currency": _currency,
    "country": _country,
    "rule": _rule,
    "reason": _name,
    "overdue": _one_of({"yes": True, "no": False}),
    "rows": _rows,
    "cursor": _name,
}
