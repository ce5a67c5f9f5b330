"""The rules and lists a new installation begins with: typical frauds on cards and accounts, quiet on other traffic.

Where one begins in shadow, its numbers depend on the bank: look at what it would have done, then move it on.
"""

from dataclasses import dataclass
from typing import Any

from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType, Purpose
from rules.domain.stages import Stage
from sentinel.core.outcomes import Action

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StarterRule:
    """`why` says what fraud the rule is for, and where the pattern is described."""

    code: str
    name: str
    action: Action
    stage: Stage
    reason_words: str
    why: str
    conditions: tuple[Json, ...]

    @property
    def draft(self) -> RuleDraft:
        expression = {"combinator": "all", "conditions": list(self.conditions)}
        return RuleDraft(self.action, f"rule.{self.code}", self.reason_words, expression)


def _row(field: str, operator: str, value: Any = None, **operand: str) -> Json:
    return {"field": field, "operator": operator} | ({} if value is None else {"value": value}) | operand


def _inr(amount: str) -> Json:
    return {"amount": amount, "currency": "INR"}


# Name, type, purpose, description.
STARTER_LISTS = (
    ("blocked_cards", ItemType.CARD_TOKEN, Purpose.BLOCK, "Cards that are stolen, lost or under dispute."),
    ("blocked_devices", ItemType.DEVICE, Purpose.BLOCK, "Devices that were used for confirmed fraud."),
    ("blocked_networks", ItemType.IP_ADDRESS, Purpose.BLOCK, "Addresses and networks that attacks came from."),
    ("risky_merchants", ItemType.MERCHANT, Purpose.WATCH, "Merchants with many disputes."),
    ("disposable_mail_domains", ItemType.EMAIL_DOMAIN, Purpose.WATCH, "E-mail providers that ask for no identity."),
    ("trusted_accounts", ItemType.ACCOUNT, Purpose.ALLOW, "Accounts whose payments pass the rules. Keep it short."),
)

_LIVE, _SHADOW = Stage.LIVE, Stage.SHADOW
_ALLOW, _REVIEW, _DECLINE = Action.ALLOW, Action.REVIEW, Action.DECLINE

STARTER_RULES = (
    # -- lists
    StarterRule(
        "trusted_account",
        "Trusted account",
        _ALLOW,
        _LIVE,
        "The account is trusted",
        "Lets known good customers pass. An item of this list takes two people, and funds and limits still count.",
        (_row("account_id", "in", list="trusted_accounts"),),
    ),
    StarterRule(
        "blocked_card",
        "Blocked card",
        _DECLINE,
        _LIVE,
        "The card is blocked",
        "Stolen and lost cards. Card schemes expect issuers to keep such a list.",
        (_row("card_token", "in", list="blocked_cards"),),
    ),
    StarterRule(
        "blocked_device",
        "Blocked device",
        _DECLINE,
        _LIVE,
        "The device is blocked",
        "A device outlives the stolen cards that it was used with.",
        (_row("device_id", "in", list="blocked_devices"),),
    ),
    StarterRule(
        "blocked_network",
        "Blocked network",
        _DECLINE,
        _LIVE,
        "The payment comes from a blocked network",
        "Attacks by bots come from few networks at a time: hosting providers, proxies.",
        (_row("ip_address", "in", list="blocked_networks"),),
    ),
    StarterRule(
        "risky_merchant",
        "Merchant with many disputes",
        _REVIEW,
        _LIVE,
        "The merchant is on the watch list and new to the account",
        "Card schemes watch merchants with many disputes (monitoring programmes); a first payment there is risky.",
        (_row("merchant_id", "in", list="risky_merchants"), _row("merchant_is_new", "is_true")),
    ),
    StarterRule(
        "disposable_mail",
        "Disposable e-mail address",
        _REVIEW,
        _SHADOW,
        "The e-mail address is a disposable one",
        "Bots open shop accounts with mail addresses that cost nothing. Fill the list first.",
        (_row("email_domain", "in", list="disposable_mail_domains"), _row("merchant_is_new", "is_true")),
    ),
    # -- card fraud
    StarterRule(
        "foreign_high_amount",
        "High amount abroad",
        _REVIEW,
        _LIVE,
        "Amount over 5,000 INR outside the home country",
        "Stolen card data are used abroad far more often than at home (ECB, reports on card fraud).",
        (
            _row("amount", "greater_than", _inr("5000.00")),
            _row("location_country", "not_equal", other_field="home_country"),
        ),
    ),
    StarterRule(
        "impossible_travel",
        "Impossible travel",
        _REVIEW,
        _LIVE,
        "Too far from the previous payment to have travelled in time",
        "One card in two places means two cards: a copy. Near places are left out, coordinates are not exact.",
        (_row("speed_kmh", "greater_than", 1000), _row("distance_km", "greater_than", 200)),
    ),
    StarterRule(
        "velocity_burst",
        "Burst of payments",
        _REVIEW,
        _LIVE,
        "Unusually many payments within one hour",
        "Whoever has stolen a card spends before it is blocked: the oldest of all velocity rules.",
        (_row("payments_1h", "at_least", 8),),
    ),
    StarterRule(
        "merchant_spread",
        "Many merchants at once",
        _REVIEW,
        _LIVE,
        "Payments to unusually many merchants within one hour",
        "Stolen cards are spread over shops, so that none of them sees a burst.",
        (_row("merchants_1h", "at_least", 5),),
    ),
    StarterRule(
        "night_spike_new_merchant",
        "Unusual amount at night to a new merchant",
        _REVIEW,
        _LIVE,
        "Amount over ten times the usual, at night, to a new merchant",
        "Holders sleep, thieves know it. Fewer than five payments do not make a habit.",
        (
            _row("amount_vs_usual_30d", "greater_than", 10),
            _row("merchant_is_new", "is_true"),
            _row("is_night", "is_true"),
            _row("payments_30d", "at_least", 5),
        ),
    ),
    StarterRule(
        "card_testing_merchant",
        "Cards are tested at a merchant",
        _REVIEW,
        _SHADOW,
        "Unusually many small payments by different cards at this merchant",
        "Bots try stolen numbers with small amounts at one shop (OWASP Automated Threats: OAT-001 Carding).",
        (
            _row("merchant_cards_1h", "at_least", 25),
            _row("merchant_payments_1m", "at_least", 5),
            _row("amount_vs_merchant_average_30d", "less_than", 0.5),
        ),
    ),
    StarterRule(
        "card_tried_at_many_merchants",
        "Card tried at many merchants",
        _REVIEW,
        _SHADOW,
        "The card was used at unusually many merchants within one hour",
        "Before a stolen card is sold or spent it is tried (OWASP Automated Threats: OAT-010 Card Cracking).",
        (_row("card_payments_1h", "at_least", 6), _row("card_merchants_1h", "at_least", 4)),
    ),
    StarterRule(
        "device_with_many_cards",
        "Device with many cards",
        _REVIEW,
        _LIVE,
        "The device has paid with unusually many cards today",
        "Families share a device and own a few cards; six in a day are somebody else's.",
        (_row("device_cards_24h", "at_least", 6),),
    ),
    StarterRule(
        "ip_with_many_cards",
        "Address with many cards",
        _REVIEW,
        _SHADOW,
        "Unusually many cards came from this IP address within one hour",
        "One bot, many cards. Mobile networks share addresses: set the number to your traffic.",
        (_row("ip_cards_1h", "at_least", 10), _row("card_is_new", "is_true")),
    ),
    StarterRule(
        "cash_like_new_merchant",
        "Money that cannot be called back",
        _REVIEW,
        _SHADOW,
        "Gift cards, transfers or currency at a new merchant, above the usual amount",
        "What can be turned into cash is bought with stolen cards first: money transfer, quasi cash, stored value.",
        (
            _row("merchant_category", "in", ["4829", "6051", "6540"]),
            _row("merchant_is_new", "is_true"),
            _row("amount_vs_usual_30d", "greater_than", 3),
        ),
    ),
    # -- account takeover, mules
    StarterRule(
        "takeover_transfer",
        "Transfer after a takeover",
        _REVIEW,
        _LIVE,
        "A large transfer from a new device to a new receiver",
        "Three signs of a taken-over account: new device, new receiver, more than usual (FFIEC guidance, 2021).",
        (
            _row("transaction_type", "equal", "transfer"),
            _row("device_is_new", "is_true"),
            _row("counterparty_is_new", "is_true"),
            _row("amount_vs_usual_30d", "greater_than", 3),
        ),
    ),
    StarterRule(
        "dormant_account_wakes",
        "Dormant account wakes up",
        _REVIEW,
        _SHADOW,
        "First payment for sixty days, from a new device",
        "Accounts that nobody looks at are taken over without being noticed.",
        (_row("seconds_since_last", "greater_than", 60 * 86_400), _row("device_is_new", "is_true")),
    ),
    StarterRule(
        "device_with_many_accounts",
        "Device with many accounts",
        _REVIEW,
        _LIVE,
        "The device was used with unusually many accounts today",
        "One thief, many victims; or one bot that tries stolen passwords (OWASP: OAT-008 Credential Stuffing).",
        (_row("device_accounts_24h", "at_least", 5),),
    ),
    StarterRule(
        "mule_fan_out",
        "Money spread to many receivers",
        _REVIEW,
        _SHADOW,
        "Transfers to unusually many receivers today",
        "Mule accounts pass money on at once, in parts (Europol, reports on money mules).",
        (_row("transaction_type", "equal", "transfer"), _row("counterparties_24h", "at_least", 5)),
    ),
    StarterRule(
        "new_account_in_a_hurry",
        "New account in a hurry",
        _REVIEW,
        _SHADOW,
        "Many payments from an account that is only days old",
        "Accounts that were opened with a stolen or invented identity are used up in their first days.",
        (_row("account_age_days", "less_than", 3), _row("payments_24h", "at_least", 10)),
    ),
    # -- what was confirmed before
    StarterRule(
        "card_of_confirmed_fraud",
        "Card of a confirmed fraud",
        _REVIEW,
        _LIVE,
        "A payment of this card was confirmed as fraud in the last 90 days",
        "Card data that were stolen once are used again until the card is replaced.",
        (_row("confirmed_frauds_of_card_90d", "at_least", 1),),
    ),
    StarterRule(
        "device_of_confirmed_fraud",
        "Device of a confirmed fraud",
        _REVIEW,
        _LIVE,
        "A payment from this device was confirmed as fraud in the last 90 days",
        "The thief's device stays the same when the card does not.",
        (_row("confirmed_frauds_of_device_90d", "at_least", 1), _row("device_is_new", "is_true")),
    ),
    # -- with the model
    StarterRule(
        "strange_for_a_risky_account",
        "Strange for a risky account",
        _REVIEW,
        _LIVE,
        "Stranger than 99 % of past payments, on an account of high risk",
        "For accounts marked as risky a person looks earlier than the policy says.",
        (_row("score_percentile", "at_least", 0.99), _row("account_risk", "equal", "high")),
    ),
)
