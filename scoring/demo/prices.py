"""What things cost. Prices are thought of in rupees and said in the currency of whoever pays."""

from random import Random

from sentinel.core.money import MAX_AMOUNT_MINOR, exponent

# What 100 rupees buy in India, in each currency of the bank: purchasing power, not an exchange rate.
_PER_100_RUPEES = {"INR": 100.0, "EUR": 3.6, "USD": 4.2, "GBP": 3.2, "JPY": 480.0, "BHD": 1.5}

# Prices end like this, in minor units; those that are named twice are usual.
_STEPS = {
    "INR": (100, 100, 100, 1000, 50, 1),
    "EUR": (1, 10, 10, 50),
    "USD": (1, 1, 25, 100),
    "GBP": (1, 5, 10, 50),
    "JPY": (1, 10, 10, 100),
    "BHD": (5, 50, 100, 100),
}
CURRENCIES = tuple(_PER_100_RUPEES)


def minor_of(rupees: float, currency: str) -> int:
    """A price level in minor units of a currency, at least one."""
    units = rupees * _PER_100_RUPEES[currency] / 100
    scale: int = 10 ** exponent(currency)
    return min(max(1, round(units * scale)), MAX_AMOUNT_MINOR)


def price_minor(rng: Random, rupees: float, spread: float, currency: str) -> int:
    """One price around a level: log-normal, so that a few are much higher, with endings people know."""
    return rounded(minor_of(rupees * rng.lognormvariate(0, spread), currency), rng.choice(_STEPS[currency]))


def rounded(minor: int, step: int) -> int:
    return max(step, round(minor / step) * step)


def round_sum_minor(rng: Random, rupees: float, currency: str) -> int:
    """A round sum as people withdraw or send it: one or two digits and zeros."""
    minor = minor_of(rupees * rng.choice((0.5, 1, 1, 1.5, 2)), currency)
    return rounded(minor, 5 * 10 ** max(0, len(str(minor)) - 2))
