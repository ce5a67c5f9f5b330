"""What each model input means for one payment, in words for a receipt."""

from collections.abc import Callable, Mapping
from math import isnan

from scoring.domain.forest_inputs import BUSY_HOURS
from sentinel.core.catalogue import BY_NAME, Field, FieldType, Value
from sentinel.core.money import format_money

Values = Mapping[str, Value]
Described = tuple[str, float, float]  # words, the payment's value, the usual value
# Those of counts stand in the field's words already.
_UNITS_TOLD = frozenset({"days", "seconds", "km", "km/h", "times", "standard deviations"})
# Input, unpacked snapshot, median of the training's inputs.
Describe = Callable[[str, Values, float], Described | None]


def describe_habit(name: str, values: Values, median: float) -> Described | None:
    """An input of the forest. Value and usual share the unit of the words. None where the input only repeats what
    another one tells better.
    """
    return _DESCRIBERS[name](values)


def describe_field(name: str, values: Values, median: float) -> Described | None:
    """An input of a supervised model, which is a field; usual is the median of the training payments.

    None where the value is missing: a reason tells what is known.
    """
    field, value = BY_NAME[name], values.get(name)
    if value is None or isinstance(value, str):
        return None
    if name == "amount_vs_usual_30d" and value >= 1:
        return _amount(values)
    words = f"{field.words[0].upper()}{field.words[1:]}"
    if field.type is FieldType.FLAG:
        return (words, 1.0, 0.0) if value else None
    if field.type is FieldType.MONEY:  # the median is of all accounts; what is usual here says more
        money = format_money(int(value), str(values["currency"]))
        return f"{words}: {money}", float(value), _number(values, "usual_amount_30d")
    usual = "" if isnan(median) else f", usual is {_plain(median, field)}"
    return f"{words}: {_plain(value, field)}{usual}", float(value), median


def _plain(number: float, field: Field) -> str:
    """A count as it is, anything else with one decimal at most."""
    text = f"{number:,.1f}".removesuffix(".0")
    return f"{text} {field.unit}" if field.unit in _UNITS_TOLD else text


def _amount(values: Values) -> Described:
    times = _number(values, "amount_vs_usual_30d")
    return f"{_times(times)} this account's usual amount", times, 1.0


def _deviation(values: Values) -> Described:
    deviations = _number(values, "amount_deviation_30d")
    return f"{deviations:,.1f} standard deviations above this account's usual amount", deviations, 0.0


def _spend(window: str, days: float, words: str) -> Callable[[Values], Described | None]:
    def describe(values: Values) -> Described | None:
        before, now = _number(values, f"amount_{window}"), _number(values, "amount")
        if before < now:
            return None  # this payment alone is the reason, and that is the amount's to tell
        times = (before + now) / max(_number(values, "usual_amount_30d"), 1.0)
        usual = _usual_payments(values, days)
        return f"{_times(times)} this account's usual amount spent within {words}", times, usual

    return describe


def _burst(field: str, days: float, words: str) -> Callable[[Values], Described]:
    def describe(values: Values) -> Described:
        count = _number(values, field)
        usual = _usual_payments(values, days)
        return f"{count:.0f} {words}; usual are {usual:.1f}", count, usual

    return describe


def _new_merchant(values: Values) -> Described:
    times = _number(values, "amount_vs_usual_30d")
    return f"{_times(times)} this account's usual amount at a merchant new to it", times, 1.0


def _night(values: Values) -> Described:
    times = _number(values, "amount_vs_usual_30d")
    return f"{_times(times)} this account's usual amount at night", times, 1.0


def _distance(values: Values) -> Described:
    distance = _number(values, "distance_km")
    return f"{distance:,.0f} km from the place of the previous payment", distance, 0.0


def _speed(values: Values) -> Described:
    speed = _number(values, "speed_kmh")
    return f"Travel at {speed:,.0f} km/h since the previous payment", speed, 0.0


def _usual_payments(values: Values, days: float) -> float:
    """As the inputs reckon it: over 30 days, or as far back as the account's payments go."""
    return _number(values, "payments_30d") / min(max(_number(values, "history_days"), 1.0), 30.0) * days


def _number(values: Values, field: str) -> float:
    value = values[field]
    return float(value) if isinstance(value, int | float) else 0.0


def _times(times: float) -> str:
    """One decimal where it matters: "12 times", "1.6 times", "3 times"."""
    return f"{times:,.0f} times" if times >= 10 else f"{times:.1f} times".replace(".0 ", " ")


_DESCRIBERS: Mapping[str, Callable[[Values], Described | None]] = {
    "amount_excess_30d": _amount,
    "large_amount_excess_30d": _amount,
    "deviation_excess_30d": _deviation,
    "spend_excess_1h": _spend("1h", 1 / BUSY_HOURS, "an hour"),
    "spend_excess_24h": _spend("24h", 1, "24 hours"),
    "spend_excess_7d": _spend("7d", 7, "7 days"),
    "payments_excess_1h": _burst("payments_1h", 1 / BUSY_HOURS, "payments in the last hour"),
    "payments_excess_24h": _burst("payments_24h", 1, "payments in the last 24 hours"),
    "new_merchant_amount_excess": _new_merchant,
    "night_amount_excess": _night,
    "distance_excess": _distance,
    "speed_excess": _speed,
}
