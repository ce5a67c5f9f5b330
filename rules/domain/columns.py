"""Evaluates expressions over columns: many payments at once, with the semantics of rules.domain.compiler.

A column of numbers is an array of float64 as snapshots hold them: NaN is missing, codes are the numbers that stand
for them. A column of text names its distinct values once, and a test of text is made once for each of them. Whole
numbers and minor units stay below 2**53, so a float holds them exactly and every comparison is exact.

Uses numpy, so no web process imports it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rules.domain.expressions import Combinator, Condition, Constant, Expression, Group, Money, NamedList, Operator
from rules.domain.expressions import OtherField as Other
from rules.domain.networks import networks_around, prefixes_of
from rules.domain.patterns import compile_pattern
from sentinel.core.catalogue import BY_NAME, FieldType, Value, number_of, value_of

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Held = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.int64]  # microseconds since 1970
Interval = tuple[int, int]  # from (included) to (not included), as Moments

FOREVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Texts:
    """`codes` are places in `values`; the value of place 0 is None, which is missing."""

    codes: Codes
    values: Sequence[str | None]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> "Texts":
        places: dict[str | None, int] = {None: 0}
        codes = [places.setdefault(text, len(places)) for text in texts]
        return cls(np.array(codes, dtype=np.int32), list(places))

    def where(self, test: Callable[[str], object]) -> Held:
        """Where a test of the value holds; never where it is missing."""
        return np.array([text is not None and bool(test(text)) for text in self.values], dtype=np.bool_)[self.codes]


@dataclass(frozen=True, slots=True)
class Columns:
    """Payments: `recorded_at` is the moment at which live rules saw each of them."""

    recorded_at: Moments
    numbers: Mapping[str, Numbers]
    texts: Mapping[str, Texts]

    def __len__(self) -> int:
        return len(self.recorded_at)


class ListHistory:
    """When which values were on one list. `intervals` by item, in the form payments carry it or as a network."""

    def __init__(self, intervals: Mapping[str, Sequence[Interval]], *, of_addresses: bool = False) -> None:
        self._intervals = intervals
        self._prefixes = prefixes_of(intervals) if of_addresses else None

    def had(self, values: Sequence[Value], codes: npt.NDArray[Any], moments: Moments) -> Held:
        """Where the value of a row (`values[code]`) was on the list at its moment."""
        found = [self._of(value) for value in values]
        held = np.zeros(len(codes), dtype=np.bool_)
        for turn in range(max(map(len, found), default=0)):
            nth = [intervals[turn] if turn < len(intervals) else (FOREVER, FOREVER) for intervals in found]
            starts, ends = np.array(nth, dtype=np.int64).T
            held |= (starts[codes] <= moments) & (moments < ends[codes])
        return held

    def has(self, value: object, moment: int) -> bool:
        """Whether one value was on the list at a moment."""
        return any(start <= moment < end for start, end in self._of(value))

    @cached_property
    def changes(self) -> list[int]:
        """The moments at which something came or went, in order."""
        ends = {end for intervals in self._intervals.values() for interval in intervals for end in interval}
        return sorted(ends - {FOREVER})

    def _of(self, value: object) -> Sequence[Interval]:
        if not isinstance(value, str):
            return ()
        found = self._intervals.get(value, ())
        if self._prefixes is None:
            return found
        around = networks_around(value, self._prefixes)
        return [*found, *(interval for network in around for interval in self._intervals.get(network, ()))]


Histories = Mapping[str, ListHistory]

_COMPARE: dict[Operator, Callable[[Any, Any], Held]] = {
    Operator.EQUAL: np.equal,
    Operator.NOT_EQUAL: np.not_equal,
    Operator.GREATER_THAN: np.greater,
    Operator.AT_LEAST: np.greater_equal,
    Operator.LESS_THAN: np.less,
    Operator.AT_MOST: np.less_equal,
}


class Evaluator:
    """Evaluates any number of expressions over the same columns. A condition they share is tested once.

    Errors: KeyError for a column or list that was not given.
    """

    def __init__(self, columns: Columns, lists: Histories) -> None:
        self.columns = columns
        self.lists = lists
        self._held: dict[Condition, Held] = {}

    def holds(self, node: Expression | Condition) -> Held:
        """One truth per payment. Not to be changed in place: it is kept."""
        if isinstance(node, Condition):
            if node not in self._held:
                self._held[node] = self._condition(node)
            return self._held[node]
        return self._group(node)

    def _group(self, group: Group) -> Held:
        is_all = group.combinator is Combinator.ALL
        held = np.full(len(self.columns), is_all)
        for node in group.conditions:
            if is_all:
                held &= self.holds(node)
            else:
                held |= self.holds(node)
        return ~held if group.combinator is Combinator.NONE else held

    def _condition(self, condition: Condition) -> Held:
        is_text = BY_NAME[condition.field].type is FieldType.TEXT
        return self._of_text(condition) if is_text else self._of_number(condition)

    # -- text

    def _of_text(self, condition: Condition) -> Held:
        texts = self.columns.texts[condition.field]
        match condition.operator, condition.operand:
            case Operator.IS_MISSING, _:
                return np.equal(texts.codes, 0)
            case Operator.IS_PRESENT, _:
                return np.not_equal(texts.codes, 0)
            case (Operator.IN | Operator.NOT_IN) as operator, NamedList(name):
                on_list = self.lists[name].had(texts.values, texts.codes, self.columns.recorded_at)
                return on_list if operator is Operator.IN else (texts.codes != 0) & ~on_list
            case operator, Other(name):
                return _same_text(texts, self.columns.texts[name], wanted=operator is Operator.EQUAL)
        return texts.where(_text_test(condition))

    # -- numbers, and codes that are numbers

    def _of_number(self, condition: Condition) -> Held:
        numbers = self.columns.numbers[condition.field]
        present = ~np.isnan(numbers)
        if condition.operator is Operator.IS_MISSING:
            return ~present
        if condition.currency:
            present &= self.columns.numbers["currency"] == number_of("currency", condition.currency)
        if isinstance(condition.operand, Other):
            other = self.columns.numbers[condition.operand.name]
            return present & ~np.isnan(other) & _COMPARE[condition.operator](numbers, other)
        return present & self._test(condition, numbers)

    def _test(self, condition: Condition, numbers: Numbers) -> Held:
        """Of values that are present; what it says of missing ones does not matter."""
        if condition.operator is Operator.IS_PRESENT:
            return np.ones(len(numbers), dtype=np.bool_)
        if condition.operator in (Operator.IS_TRUE, Operator.IS_FALSE):
            return np.equal(numbers, float(condition.operator is Operator.IS_TRUE))
        if isinstance(condition.operand, NamedList):
            on_list = self._on_list(condition.field, condition.operand.name, numbers)
            return on_list if condition.operator is Operator.IN else ~on_list
        constants = [_number(condition.field, constant) for constant in condition.constants]
        match condition.operator:
            case Operator.IN:
                return np.isin(numbers, constants)
            case Operator.NOT_IN:
                return np.isin(numbers, constants, invert=True)
            case Operator.BETWEEN:
                return (constants[0] <= numbers) & (numbers <= constants[1])
        return _COMPARE[condition.operator](numbers, constants[0])

    def _on_list(self, field: str, name: str, numbers: Numbers) -> Held:
        distinct, codes = np.unique(numbers, return_inverse=True)
        values = [value_of(field, number) for number in distinct.tolist()]
        return self.lists[name].had(values, codes, self.columns.recorded_at)


def _text_test(condition: Condition) -> Callable[[str], object]:
    constants = condition.constants
    first = str(constants[0])
    folded = first.casefold()
    match condition.operator:
        case Operator.EQUAL:
            return lambda text: text == first
        case Operator.NOT_EQUAL:
            return lambda text: text != first
        case Operator.CONTAINS:
            return lambda text: folded in text.casefold()
        case Operator.STARTS_WITH:
            return lambda text: text.casefold().startswith(folded)
        case Operator.MATCHES:
            search = compile_pattern(first).search
            return lambda text: search(text) is not None
        case Operator.IN:
            return lambda text: text in constants
    return lambda text: text not in constants


def _same_text(one: Texts, other: Texts, *, wanted: bool) -> Held:
    """Where both are present and are, or are not, the same."""
    places = {text: place for place, text in enumerate(other.values)}
    as_other = np.array([places.get(text, -1) for text in one.values], dtype=np.int32)[one.codes]
    is_same = np.equal(as_other, other.codes)
    are_present: Held = (one.codes != 0) & (other.codes != 0)
    return are_present & (is_same if wanted else ~is_same)


def _number(field: str, constant: Constant) -> float:
    if isinstance(constant, Money):
        return float(constant.minor)
    return float(constant) if isinstance(constant, int | float) else number_of(field, constant)
