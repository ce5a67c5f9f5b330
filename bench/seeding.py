"""What must be there before a load: tables, accounts with money, a client with credentials, rules, model, policy.

Runs in the bench process, which is connected as the owner.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from bench.payments import account_ids
from bench.rule_json import expression_json
from bench.rulesets import realistic_rules
from ledger.domain.booking import Leg, system_account_id
from ledger.domain.rows import Rows
from ledger.models import Account, AccountBalance
from ledger.services.accounts import system_accounts_ensure
from ledger.services.writing import accounts_lock, rows_write
from rules.domain.definitions import RuleDefinition, RuleDraft
from rules.domain.stages import Stage
from rules.models import Rule
from rules.services.shipped import shipped_rules_publish
from scoring.models import PolicyVersion
from scoring.services.entity_rebuild import entities_ensure
from scoring.services.policies import DEFAULT_THRESHOLDS
from scoring.services.policy_shipped import shipped_policy_publish
from sentinel.api.models import GatewayClient
from sentinel.api.services import api_key_create, client_create
from sentinel.api.tokens import tokens_for
from sentinel.core.ids import uuid7
from sentinel.ops.console import Refusal, step

ACCOUNT_PREFIX = "bench_"
CURRENCY = "INR"
RATE = "1000000/s"
RULES, SHADOW_RULES = 50, 10
OPENING_MINOR = 10_000_000_000_00  # never runs out
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Seeded:
    """`account_prefix` and `accounts` name the accounts; see bench.payments.account_ids."""

    client: GatewayClient
    api_key: str
    account_prefix: str
    accounts: int
    hot_account: str

    def credentials(self) -> tuple[str, ...]:
        """Header lines, to be used in turn. Tokens live ten minutes, so each measurement takes a fresh one."""
        _, access = tokens_for(self.client)
        return f"X-API-Key: {self.api_key}", f"Authorization: Bearer {access}"


def seed(*, run: str, accounts: int) -> Seeded:
    now = timezone.now()
    with step("tables"):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("make_partitions", verbosity=0)
    refuse_real_bank()
    with step("model"):
        call_command("train_model", bundled=True, if_missing=True, verbosity=0)
    with step(f"{RULES} rules and a policy"):
        rules_publish(now)
        _publish_policy(now)
    entities_ensure(now=now)
    client = client_create(name=f"bench {run}", all_accounts=True, rate=RATE)
    _, api_key = api_key_create(client=client)
    prefix, hot_account = f"{ACCOUNT_PREFIX}{run}_", f"{ACCOUNT_PREFIX}{run}_hot_000000"
    with step(f"{accounts:,} accounts"):
        accounts_make([*account_ids(prefix, accounts), hot_account], now=now)
    return Seeded(client, api_key, prefix, accounts, hot_account)


def everything_on() -> None:
    """What a bank has beside what decides: rules on trial, and a model that challenges."""
    with step(f"{SHADOW_RULES} rules in shadow"):
        rules_publish(timezone.now(), in_shadow=SHADOW_RULES)
    with step("challenger"):
        call_command("train_model", bundled=True, challenger=True, verbosity=0)


def refuse_real_bank() -> None:
    """The bench changes which rules are live and leaves its payments behind."""
    others = Account.objects.filter(kind=Account.Kind.CUSTOMER).exclude(id__startswith=ACCOUNT_PREFIX)
    if others.exists():
        raise Refusal("This database has accounts of its own. Name an empty one, or none: then one is started.")


@transaction.atomic
def rules_publish(now: datetime, *, in_shadow: int = 0) -> None:
    """RULES rules are live afterwards, so many more in shadow, and no others."""
    known = {rule.code: rule for rule in Rule.objects.all()}
    rules = [
        (
            known.get(definition.code) or Rule(code=definition.code, name=definition.name),
            _draft(definition),
            Stage.LIVE if number < RULES else Stage.SHADOW,
        )
        for number, definition in enumerate(realistic_rules(RULES + in_shadow))
    ]
    shipped_rules_publish(rules=rules, note="bench", now=now, alone=True)


def _draft(definition: RuleDefinition) -> RuleDraft:
    expression = expression_json(definition.expression)
    return RuleDraft(definition.action, definition.reason_code, definition.reason_words, expression)


def _publish_policy(now: datetime) -> None:
    if not PolicyVersion.objects.exists():
        shipped_policy_publish(thresholds=DEFAULT_THRESHOLDS, note="bench", now=now)


def accounts_make(names: list[str], *, now: datetime) -> None:
    """Old customers with money, in bulk: services make accounts one by one."""
    system_accounts_ensure(currency=CURRENCY, livemode=True, now=now)
    opened_at = now - timedelta(days=1000)
    for start in range(0, len(names), _BATCH):
        with transaction.atomic():
            _make_batch(names[start : start + _BATCH], opened_at, now)


def _make_batch(names: list[str], opened_at: datetime, now: datetime) -> None:
    made = [
        Account(id=name, currency=CURRENCY, home_country="IN", home_zone="Asia/Kolkata", opened_at=opened_at)
        for name in names
    ]
    Account.objects.bulk_create(made)
    AccountBalance.objects.bulk_create([AccountBalance(account=account) for account in made])
    opening = system_account_id("opening", CURRENCY, livemode=True)
    rows = Rows()
    for locked in accounts_lock(names).values():
        locked.posted_minor += OPENING_MINOR
        legs = (Leg(opening, debit_minor=OPENING_MINOR), Leg(locked.account_id, credit_minor=OPENING_MINOR))
        rows.add_entry(
            uuid7(), account_id=locked.account_id, transaction_id=None, legs=legs, currency=CURRENCY, now=now,
            kind="opening",
        )  # fmt: skip
        rows.add_balance(locked)
    rows_write(rows)
