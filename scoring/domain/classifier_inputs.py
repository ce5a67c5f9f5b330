"""The inputs of supervised models: catalogue fields as they stand in the snapshot, NaN where missing.

Money means nothing across currencies. So each sum is divided by the currency's *unit*, the median amount of the
training payments in it; in a currency that the training had not seen, sums are missing.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from scoring.domain.snapshots import Column, Columns, Inputs, widened
from sentinel.core.catalogue import BY_NAME, PACKED_INDEX, FieldType, number_of, value_of

# What an input speaks for in reasons -> the fields.
INPUT_GROUPS: dict[str, tuple[str, ...]] = {
    "amount_vs_history": (
        "amount",
        "amount_vs_usual_30d",
        "amount_deviation_30d",
        "amount_vs_largest_30d",
        "amount_vs_merchant_average_30d",
        "usual_amount_30d",
        "amount_average_24h",
        "amount_average_7d",
        "amount_max_24h",
        "amount_max_30d",
        "high_payments_24h",
        "high_payments_7d",
        "high_payments_14d",
    ),
    "velocity": (
        "payments_24h",
        "payments_7d",
        "payments_30d",
        "seconds_since_last",
        "history_days",
    ),
    "account": ("confirmed_frauds_of_account_90d",),
    "card_and_device": (
        "card_is_new",
        "device_is_new",
        "ip_is_new",
        "counterparty_is_new",
        "card_merchants_1h",
        "card_payments_1h",
        "device_accounts_24h",
        "ip_accounts_24h",
        "confirmed_frauds_of_card_90d",
        "confirmed_frauds_of_device_90d",
        "confirmed_frauds_of_ip_90d",
    ),
    "merchant": (
        "merchant_is_new",
        "merchant_amount_average_30d",
        "merchant_amount_max_30d",
    ),
    "merchant_fraud": (
        "frauds_of_merchant_7d",
        "frauds_of_merchant_14d",
        "frauds_of_merchant_30d",
        "ordinary_frauds_of_merchant_14d",
        "ordinary_frauds_of_merchant_30d",
        "merchant_days_since_fraud",
        "merchant_days_since_ordinary_fraud",
        "merchant_fraud_run_days",
        "merchant_fraud_rate_last_day",
        "merchant_fraud_rate_last_3_days",
    ),
    "travel": ("distance_km", "speed_kmh", "country_is_new"),
}
INPUT_NAMES: tuple[str, ...] = tuple(name for names in INPUT_GROUPS.values() for name in names)
GROUP_OF: Mapping[str, str] = {name: group for group, names in INPUT_GROUPS.items() for name in names}

_CURRENCY = PACKED_INDEX["currency"]
_AMOUNT = PACKED_INDEX["amount"]


class ClassifierInputs:
    """Reads the inputs of one model out of snapshots. `units_minor`: currency -> its unit in minor units."""

    def __init__(self, names: Sequence[str], units_minor: Mapping[str, int]) -> None:
        self.names = tuple(names)
        self._places = [PACKED_INDEX[name] for name in names]
        self._money = [place for place, name in enumerate(names) if BY_NAME[name].type is FieldType.MONEY]
        units = sorted((number_of("currency", currency), float(unit)) for currency, unit in units_minor.items())
        self._currencies = np.array([currency for currency, _ in units])
        self._units = np.array([unit for _, unit in units])

    def of(self, columns: Columns) -> Inputs:
        """One row a payment, in the order of the names. A row does not depend on its group."""
        chosen = widened(columns)[:, self._places]
        chosen[:, self._money] /= self._unit_of(columns[:, _CURRENCY])[:, np.newaxis]
        return chosen.astype(np.float32)

    def _unit_of(self, currencies: Column) -> Column:
        if not len(self._units):
            return np.full(len(currencies), np.nan)
        places = np.minimum(np.searchsorted(self._currencies, currencies), len(self._units) - 1)
        return np.where(self._currencies[places] == currencies, self._units[places], np.nan)


def currency_units(columns: Columns) -> dict[str, int]:
    """Currency -> the median of these payments' amounts in it, one minor unit at least."""
    currencies, amounts = columns[:, _CURRENCY], columns[:, _AMOUNT]
    return {
        str(value_of("currency", number)): max(1, round(float(np.median(amounts[currencies == number]))))
        for number in np.unique(currencies).tolist()
    }
