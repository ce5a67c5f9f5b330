"""What a model looks at, as bars: by input, what its average precision loses when the input says nothing."""

from typing import Any

from scoring.domain.mobile_money.inputs import INPUTS_BY_NAME as MOBILE_INPUTS
from scoring.serving.manifest import Manifest
from sentinel.core.catalogue import BY_NAME

SHOWN = 10
WIDTH = 100
# The forest's inputs are no fields: each is zero for an ordinary payment and grows with what its words say.
FOREST_WORDS = {
    "amount_excess_30d": "amount over the account's usual amount",
    "deviation_excess_30d": "standard deviations over the account's usual amount",
    "large_amount_excess_30d": "amount over three times the usual amount",
    "spend_excess_1h": "more spent within an hour than usual",
    "spend_excess_24h": "more spent within a day than usual",
    "spend_excess_7d": "more spent within a week than usual",
    "payments_excess_1h": "more payments within an hour than usual",
    "payments_excess_24h": "more payments within a day than usual",
    "new_merchant_amount_excess": "an unusual amount at a new merchant",
    "night_amount_excess": "an unusual amount at night",
    "distance_excess": "far from the previous payment",
    "speed_excess": "faster from the previous payment than anybody travels",
}


def importances_shown(manifest: Manifest) -> dict[str, Any] | None:
    """Bars from the most telling input on, the first of them apart; None where nothing was measured."""
    told = (manifest.classifier or manifest.forest).importances
    if not told:
        return None
    ranked = sorted(told.items(), key=lambda item: -item[1])
    most = max(ranked[0][1], 0.0) or 1.0
    bars = [_bar(name, lost, most) for name, lost in ranked]
    return {"first": bars[:SHOWN], "rest": bars[SHOWN:], "width": WIDTH}


def _bar(name: str, lost: float, most: float) -> dict[str, Any]:
    return {
        "name": name,
        "words": input_words(name),
        "lost": f"{lost:.4f}".replace("-0.0000", "0.0000"),
        "length": round(WIDTH * max(lost, 0.0) / most, 1),
    }


def input_words(name: str) -> str:
    """As the catalogue tells it, or the family of models that has inputs of its own."""
    if (mobile := MOBILE_INPUTS.get(name)) is not None:
        return f"{mobile.words[0].lower()}{mobile.words[1:]}"
    field = BY_NAME.get(name)
    return field.words if field else FOREST_WORDS.get(name, name.replace("_", " "))
