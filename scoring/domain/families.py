"""Families of models: each reads payments of one shape. A model's version begins with its family's name.

Training, registry, gate and serving are the same for all; what differs is told here and nowhere else. There is one
champion of each family.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scoring.domain import classifier_inputs, forest_inputs
from scoring.domain.classifier_inputs import ClassifierInputs, currency_units
from scoring.domain.family_names import CARD_NAME, MOBILE_NAME, family_name
from scoring.domain.mobile_money import inputs as mobile
from scoring.domain.mobile_money.payments import FIELDS, SHAPE_VERSION, MobileType, mobile_columns, mobile_values
from scoring.domain.model_words import Describe, describe_field, describe_habit
from scoring.domain.snapshots import Columns, Inputs, columns_of
from sentinel.core.catalogue import BY_NAME, CATALOGUE_VERSION, PACKED_INDEX, Value, unpack

HIGH_AMOUNT_SHARE = 0.05  # of the payments, by amount
NEW_ACCOUNT_PAYMENTS = 3  # in 30 days
Flags = npt.NDArray[np.bool_]


class Reader(Protocol):
    """Reads the inputs of one model, in the order of its names."""

    names: tuple[str, ...]

    def of(self, columns: Columns) -> Inputs: ...


@dataclass(frozen=True, slots=True)
class Family:
    """`columns_of` and `unpack` read snapshots, `amount` is the amount's column. Of each part of a model: the names
    of its inputs, the reason each speaks for, their words, and what reads them. `units_of`: currency -> what sums of
    money are told in; empty where no sum is told. `told` says of a classifier's input what its digest holds.
    """

    name: str
    shape_version: int
    columns_of: Callable[[Sequence[bytes]], Columns]
    unpack: Callable[[bytes], dict[str, Value]]
    amount: int
    forest_names: tuple[str, ...]
    forest_groups: Mapping[str, str]
    forest_fills: Mapping[str, float]
    forest_inputs: Callable[..., Inputs]  # columns, and names when they are not all
    describe_forest: Describe
    classifier_names: tuple[str, ...]
    classifier_groups: Mapping[str, str]
    classifier_reader: Callable[[Sequence[str], Mapping[str, int]], Reader]
    describe_classifier: Describe
    units_of: Callable[[Columns], dict[str, int]]
    told: Callable[[str], str]
    segments: Callable[[Columns], dict[str, Flags]]


def _card_segments(columns: Columns) -> dict[str, Flags]:
    return {
        "new_accounts": columns[:, PACKED_INDEX["payments_30d"]] < NEW_ACCOUNT_PAYMENTS,
        "night": columns[:, PACKED_INDEX["is_night"]] == 1,
        "high_amounts": _highest(columns[:, PACKED_INDEX["amount"]]),
    }


def _mobile_segments(columns: Columns) -> dict[str, Flags]:
    fields = mobile.MobileFields(columns)
    return {
        "transfers": fields.is_type(MobileType.TRANSFER) == 1,
        "cash_outs": fields.is_type(MobileType.CASH_OUT) == 1,
        "high_amounts": _highest(fields["amount"]),
    }


def _highest(amounts: npt.NDArray[np.float64]) -> Flags:
    return np.asarray(amounts >= np.quantile(amounts, 1 - HIGH_AMOUNT_SHARE))


CARD = Family(
    name=CARD_NAME,
    shape_version=CATALOGUE_VERSION,
    columns_of=columns_of,
    unpack=unpack,
    amount=PACKED_INDEX["amount"],
    forest_names=forest_inputs.INPUT_NAMES,
    forest_groups={each.name: each.group for each in forest_inputs.INPUTS},
    forest_fills=forest_inputs.FILLS,
    forest_inputs=forest_inputs.forest_inputs,
    describe_forest=describe_habit,
    classifier_names=classifier_inputs.INPUT_NAMES,
    classifier_groups=classifier_inputs.GROUP_OF,
    classifier_reader=ClassifierInputs,
    describe_classifier=describe_field,
    units_of=currency_units,
    told=lambda name: f"{BY_NAME[name].type} {PACKED_INDEX[name]}",
    segments=_card_segments,
)
MOBILE = Family(
    name=MOBILE_NAME,
    shape_version=SHAPE_VERSION,
    columns_of=mobile_columns,
    unpack=mobile_values,
    amount=mobile.AMOUNT_PLACE,
    forest_names=mobile.FOREST_NAMES,
    forest_groups={name: mobile.GROUP_OF[name] for name in mobile.FOREST_NAMES},
    forest_fills={},
    forest_inputs=mobile.mobile_forest_inputs,
    describe_forest=mobile.describe_mobile,
    classifier_names=mobile.INPUT_NAMES,
    classifier_groups=mobile.GROUP_OF,
    classifier_reader=lambda names, units: mobile.MobileInputs(names),
    describe_classifier=mobile.describe_mobile,
    units_of=lambda columns: {},
    told=lambda name: f"of {', '.join(FIELDS)}",
    segments=_mobile_segments,
)
FAMILIES: Mapping[str, Family] = {each.name: each for each in (CARD, MOBILE)}


def family_of(version: str) -> Family:
    """That of a model's version."""
    return FAMILIES[family_name(version)]
