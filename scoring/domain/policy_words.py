"""A policy in words: a sentence for lists, lines for a page, and what changed between two."""

from difflib import SequenceMatcher

from rules.domain.differences import Line
from scoring.domain.policy import SCORE_WORDS, Band, Policy, Thresholds
from sentinel.core.money import format_money, parse_amount

_VERBS = ("decline", "review")
CHANNEL_WORDS = {"ecommerce": "online", "pos": "shop", "atm": "cash machine"}


def policy_sentence(policy: Policy) -> str:
    """In one line: "Decline from fraud probability 0.95; review from score percentile 0.99. 2 bands."."""
    words = thresholds_words(policy.base).capitalize() or "Only rules decide"
    bands = f" {len(policy.bands)} band{'s' * (len(policy.bands) > 1)} beside." if policy.bands else ""
    return f"{words}.{bands}"


def thresholds_words(thresholds: Thresholds) -> str:
    """The severest first; empty when there is none."""
    told = [
        f"{verb} from {words} {value:g}"
        for verb in _VERBS
        for score, words in SCORE_WORDS.items()
        if (value := getattr(thresholds, f"{verb}_{score}")) is not None
    ]
    return "; ".join(told)


def band_words(band: Band) -> str:
    """Which payments: "online payments from 5,000 INR"."""
    channels = " or ".join(CHANNEL_WORDS.get(channel, channel) for channel in band.channels)
    words = f"{channels} payments" if channels else "payments"
    if band.currency is None:
        return words
    first, below = band.amount_from_minor, band.amount_below_minor
    if first is None and below is None:
        return f"{words} in {band.currency}"
    parts = [words]
    if first is not None:
        parts.append(f"from {format_money(first, band.currency)}")
    if below is not None:
        parts.append(f"below {format_money(below, band.currency)}")
    return " ".join(parts)


def policy_lines(policy: Policy) -> list[tuple[str, str]]:
    """For which payments, and what: all payments, each band in its order, then what happens without a model."""
    lines = [("all payments", thresholds_words(policy.base) or "only rules decide")]
    lines += [
        (f"{number}. {band_words(band)}", thresholds_words(band.thresholds))
        for number, band in enumerate(policy.bands, 1)
    ]
    lines += [
        (f"without a model, in {currency}", f"review above {format_money(parse_amount(amount, currency), currency)}")
        for currency, amount in policy.degraded_review_above
    ]
    return [*lines, ("without a model, in any other currency", "review every payment")]


def compare_policies(before: Policy, after: Policy) -> list[Line]:
    """Every line of both, marked same, removed or added."""
    old, new = ([f"{which}: {what}" for which, what in policy_lines(each)] for each in (before, after))
    lines: list[Line] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [Line("same", 0, words) for words in old[i1:i2]]
        else:
            lines += [Line("removed", 0, words) for words in old[i1:i2]]
            lines += [Line("added", 0, words) for words in new[j1:j2]]
    return lines
