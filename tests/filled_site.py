"""One of everything that pages show, with a text of the caller's choice in every field that takes any text."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from dashboard.models import (
    ApiCall,
    FigureLimit,
    KeptWarning,
    PersonSession,
    Reading,
    RequestMinute,
    SystemAlarm,
)
from ledger.domain.cases import Verdict
from ledger.domain.decisions import Reason
from ledger.models import Account, AccountGrant, LabelImport, SampledReview, Transaction
from ledger.services.account_notes import account_note_add
from ledger.services.audit import audit_record
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.verdicts import Given, verdict_give
from ledger.services.cases.working import case_escalate, case_note_add, case_open, case_snooze
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.labels import label_attach
from ledger.services.reversals import reversal_make
from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType, Purpose
from rules.models import List, ListImport, ListImportFault, Rule, RuleVersion
from rules.services.alarms import alarm_raise
from rules.services.lists import NewItem, list_item_propose, list_item_submit, list_save
from rules.services.rules import rule_save
from rules.services.simulations import simulation_request
from rules.services.snoozes import rule_snooze
from scoring.services.policies import policy_draft
from sentinel.api.models import GatewayClient
from sentinel.api.services import api_key_create, client_create
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Action, Outcome
from tests.admin.webhook_rows import attempt_row, delivery_row, endpoint_row
from tests.factories import RULE_HIT, make_account, make_payment
from webhooks.models import AlertSubscription, Notification

# What stands in a field: told("merchant.name", 200) is at most so long.
Told = Callable[[str, int], str]
THRESHOLDS = {"degraded_review_above": {"INR": "9999999"}}


def fill_site(told: Told, reader: User) -> None:
    """May be called again: rows are new then, or those of the call before where names cannot differ.

    `reader` is who will look: some pages show one's own rows only.
    """
    unique = uuid4().hex[:8]
    client = client_create(name=f"{told('client.name', 90)} {unique}", all_accounts=True)
    account = make_account(f"acc_{unique}", name=told("account.name", 100))
    account_note_add(account=account, author="rita", text=told("account.note", 2000), now=timezone.now())
    rule, version = _rule(told, unique)
    payments = _payments(told, account, client, version)
    _cases(told, payments, account, client, reader)
    _what_was_said(told, payments, account, rule)
    _lists(told, unique)
    _hooks(told, client, payments[0], reader)
    _access(told, client, account, unique)
    _background(told, unique)
    _system(told, client)
    policy_draft(actor="ana", thresholds=THRESHOLDS, note=told("policy.note", 500), now=timezone.now())
    simulation_request(actor="ana", version=version, days=1, now=timezone.now())


def _rule(told: Told, unique: str) -> tuple[Rule, RuleVersion]:
    condition = {"field": "merchant_name", "operator": "contains", "value": told("rule.value", 100)}
    draft = RuleDraft(
        Action.REVIEW, f"rule.r_{unique}", told("rule.reason", 150), {"combinator": "all", "conditions": [condition]}
    )
    rule = Rule(code=f"r_{unique}", name=told("rule.name", 120), description=told("rule.description", 2000))
    return rule, rule_save(actor="ana", rule=rule, draft=draft, now=timezone.now())


def _payments(
    told: Told, account: Account, client: GatewayClient, version: RuleVersion
) -> tuple[Transaction, Transaction, Transaction, Transaction]:
    """Paid, held, held and decided, sampled."""
    fields: dict[str, Any] = {
        "merchant_id": told("merchant.id", 100),
        "merchant_name": told("merchant.name", 200),
        "merchant_category": "5732",
        "merchant_country": "FR",
        "reference": told("payment.reference", 200),
        "channel": "pos",
        "card_token": told("card.token", 100),
        "card_last4": "4242",
        "device_id": told("device.id", 100),
        "user_agent": told("device.user_agent", 500),
        "location_city": told("location.city", 100),
        "latitude": 48.85,
        "longitude": 2.35,
        "metadata": {told("metadata.name", 50): told("metadata.value", 500)},
    }
    hit = {"rule_hits": (version.pk,), "reasons": (Reason(RULE_HIT.code, told("reason.words", 150), "rule"),)}
    paid, sampled = (make_payment(account, client, **fields) for _ in range(2))
    held, decided = (
        make_payment(account, client, outcome=Outcome.REVIEW, verdict_changes=hit, **fields) for _ in range(2)
    )
    SampledReview.objects.create(
        transaction=sampled, account=account, per_mille=5, inclusion_probability=0.005, chosen_at=timezone.now()
    )
    return paid, held, decided, sampled


def _cases(
    told: Told, payments: tuple[Transaction, ...], account: Account, client: GatewayClient, user: User
) -> None:
    now = timezone.now()
    paid, held, decided, sampled = payments
    hold_resolve(
        transaction_id=decided.pk,
        resolution=Resolution.DECLINED,
        actor=told("reviewer", 150),
        note=told("hold.note", 500),
        now=now,
    )
    case_note_add(case_id=held.pk, author=user.get_username(), text=told("case.note", 2000), now=now)
    case_assign(case_id=held.pk, assignee=user, user=user, now=now)
    given = Given(Verdict.DECLINE, reason="card_stolen", note=told("verdict.note", 500))
    verdict_give(case_id=held.pk, given=given, user=user, now=now)
    case_open(transaction_id=paid.pk, actor="ana", now=now)
    case_escalate(case_id=paid.pk, user=user, note=told("escalation.note", 500), now=now)
    case_snooze(case_id=sampled.pk, user=user, until=now + timedelta(hours=1), now=now)
    make_payment(account, client, outcome=Outcome.REVIEW, merchant_name=told("queue.merchant", 200))


def _what_was_said(told: Told, payments: tuple[Transaction, ...], account: Account, rule: Rule) -> None:
    now = timezone.now()
    reversal_make(
        payment=payments[0],
        amount_minor=100,
        reason=told("reversal.reason", 200),
        actor=told("reversal.actor", 150),
        reversal_id=uuid7(),
        now=now,
    )
    label_attach(
        payment=payments[0],
        is_fraud=True,
        source="chargeback",
        observed_at=now,
        actor=told("label.actor", 150),
        label_id=uuid7(),
        note=told("label.note", 500),
        now=now,
    )
    rule_snooze(
        actor="ana",
        rule=rule,
        account_id=account.id,
        until=now + timedelta(hours=1),
        reason=told("snooze.reason", 500),
        now=now,
    )
    alarm_raise(kind="system.test", subject=told("alarm.subject", 100), words=told("alarm.words", 500), now=now)
    audit_record(
        actor=told("audit.actor", 150),
        action="hold.approved",
        subject=told("audit.subject", 200),
        details={told("audit.name", 50): told("audit.value", 200)},
        now=now,
    )


def _lists(told: Told, unique: str) -> None:
    now = timezone.now()
    item_list = List(
        name=f"l_{unique}",
        item_type=ItemType.TEXT,
        purpose=Purpose.BLOCK,
        description=told("list.description", 500),
    )
    list_save(actor="ana", item_list=item_list, now=now)
    wanted = NewItem(told("item.value", 100), told("item.reason", 200), None)
    list_item_submit(actor="ana", item_list=item_list, wanted=wanted, now=now)
    proposed = NewItem(told("proposal.value", 100), told("proposal.reason", 200), None)
    list_item_propose(actor="ana", item_list=item_list, wanted=proposed, now=now)
    made = ListImport.objects.create(
        list=item_list,
        state="checked",
        file_name=told("list_import.file", 200),
        size_bytes=1,
        reason=told("list_import.reason", 200),
        uploaded_by="ana",
        uploaded_at=now,
        counts={"lines": 1, "new": 1, "invalid": 1},
        errors=[{"line": 2, "column": "value", "words": told("list_import.error", 200)}],
    )
    ListImportFault.objects.create(list_import=made, line=2, column="value", words=told("list_import.fault", 300))
    LabelImport.objects.create(
        file_name=told("label_import.file", 200),
        state="checked",
        size_bytes=1,
        uploaded_by="ana",
        uploaded_at=now,
        counts={"new": 0, "fraud": 0, "legitimate": 0, "faulty": 1},
        faults=[{"line": 2, "column": "note", "words": told("label_import.fault", 200)}],
    )


def _hooks(told: Told, client: GatewayClient, payment: Transaction, reader: User) -> None:
    now = timezone.now()
    endpoint = endpoint_row(client, description=told("endpoint.description", 200))
    delivery = delivery_row(endpoint, transaction_id=payment.pk, body=told("delivery.body", 500))
    attempt_row(delivery, "refused", words=told("attempt.words", 300), response_head=told("attempt.response", 500))
    subscription = AlertSubscription.objects.create(user=reader, about="payments", created_at=now)
    Notification.objects.create(
        subscription=subscription,
        event_id=uuid7(),
        event_type="transaction.declined",
        subject=told("notification.subject", 200),
        title=told("notification.title", 200),
        last_error=told("notification.error", 200),
        next_attempt_at=now,
        created_at=now,
        window_ends_at=now,
    )


def _access(told: Told, client: GatewayClient, account: Account, unique: str) -> None:
    api_key_create(client=client)
    AccountGrant.objects.create(client=client, account=account)
    person = User.objects.create(
        username=f"p_{unique}",
        first_name=told("person.first_name", 150),
        last_name=told("person.last_name", 150),
        email=told("person.email", 200),
        is_staff=True,
    )
    group, _ = Group.objects.get_or_create(name=told("group.name", 150))
    person.groups.add(group)
    session = SessionStore()
    session.create()
    PersonSession.objects.create(
        user=person,
        session_key=session.session_key or "",
        begun_at=timezone.now(),
        browser=told("session.browser", 60),
    )
    AccessAttempt.objects.create(
        username=told("log_in.username", 200),
        user_agent=told("log_in.user_agent", 200),
        path_info=told("log_in.path", 200),
        ip_address="203.0.113.9",
        failures_since_start=1,
    )


def _background(told: Told, unique: str) -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=7, period="days")
    PeriodicTask.objects.update_or_create(
        name=told("schedule.name", 200),
        defaults={
            "task": "nobody.has_this",
            "interval": every,
            "enabled": False,
            "description": told("schedule.description", 200),
        },
    )
    TaskResult.objects.create(
        task_id=unique,
        task_name=told("task.name", 200),
        status="FAILURE",
        result=told("task.result", 300),
        traceback=told("task.traceback", 300),
        task_args=told("task.arguments", 100),
    )


def _system(told: Told, client: GatewayClient) -> None:
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0)
    ApiCall.objects.create(
        id=uuid7(),
        client=client,
        route=told("call.route", 120),
        method="GET",
        status=404,
        code=told("call.code", 60),
        latency_ms=1.5,
        request_id=told("call.request", 64),
    )
    KeptWarning.objects.create(
        level="warning",
        logger=told("warning.logger", 100),
        message=told("warning.message", 1000),
        process=told("warning.process", 80),
        request_id=told("warning.request", 64),
        occurrences=2,
    )
    RequestMinute.objects.update_or_create(
        minute=minute,
        process=told("minute.process", 80),
        route=told("minute.route", 120),
        method="GET",
        status_class=2,
        defaults={"requests": 1, "bands": {"20": 1}},
    )
    Reading.objects.update_or_create(
        minute=minute, figure="cpu_percent", subject=told("reading.subject", 60), defaults={"value": 12.5}
    )
    FigureLimit.objects.update_or_create(
        figure="cpu_percent",
        defaults={"limit": 80.0, "minutes": 5, "changed_by": told("limit.by", 150), "changed_at": now},
    )
    alarm = alarm_raise(kind="system.disk_percent", subject="system:bank-1", words="Disk in use", now=now)
    SystemAlarm.objects.update_or_create(
        figure="disk_percent",
        subject=told("system_alarm.subject", 60),
        closed_at=None,
        defaults={
            "limit": 90.0,
            "worst": 95.0,
            "last": 94.0,
            "words": told("system_alarm.words", 300),
            "opened_at": now,
            "alarm": alarm,
        },
    )
