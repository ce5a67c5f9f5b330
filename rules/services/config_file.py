"""Exporting rules, lists and settings as one file, and importing it: first the differences, then drafts.

An import decides nothing: rules and settings become versions that wait for simulation and approval as if somebody had
typed them.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction

from ledger.services.audit import audit_record
from rules.domain.config_file import ConfigFile, ListEntry, RuleEntry, read_config, refusal, write_config
from rules.domain.lists import Source
from rules.errors import ConfigChanged, SecondPersonNeeded
from rules.models import ApprovalRequest, List, Rule, RulesetMember, RulesetVersion, RuleVersion
from rules.services.config_plan import (
    HAS_PURPOSE,
    SETTINGS,
    UNCHANGED,
    Plan,
    config_plan,
    latest_versions,
    list_entry,
    new_items,
    rule_entry,
)
from rules.services.list_import_limits import exceeds_alone, importer_lock
from rules.services.lists import list_item_add, list_save
from rules.services.rules import rule_save
from rules.services.rulesets import publishing_lock
from sentinel.core.errors import FieldError, InvalidRequest


def config_export(*, actor: str, with_drafts: bool = False, with_items: bool = False, now: datetime) -> str:
    """The text of the file. Of each rule the version that decides, else the last one approved; rules never approved
    are left out. `with_drafts`: the latest version of every rule. `with_items`: what is on the lists, which may be
    personal data.
    """
    versions = latest_versions() if with_drafts else _versions_approved()
    config = ConfigFile(
        rules=tuple(rule_entry(version) for version in versions),
        lists=tuple(list_entry(item_list, with_items, now) for item_list in List.objects.order_by("name")),
        settings={name: told for name, settings in SETTINGS.items() if (told := settings.read()) is not None},
    )
    details = {"rules": len(config.rules), "lists": len(config.lists), "with_items": with_items}
    audit_record(actor=actor, action="config.exported", subject="config", details=details, now=now)
    return write_config(config)


def config_compare(*, text: str, now: datetime) -> Plan:
    """What importing a file would do. Errors: InvalidConfigFile, which names every place at fault."""
    return config_plan(read_config(text), text, now)


@transaction.atomic
def config_import(*, actor: str, text: str, digest: str, now: datetime) -> Plan:
    """Does what `config_compare` showed under this digest.

    Errors: InvalidConfigFile; ConfigChanged when it would do something else by now; SecondPersonNeeded for items.
    Nothing is changed then. Locks: publishing_lock and the importer, until the database transaction ends.
    """
    publishing_lock()
    importer_lock(actor)
    config = read_config(text)
    plan = config_plan(config, text, now)
    if plan.digest != digest:
        raise ConfigChanged()
    for item_list, change in zip(config.lists, plan.lists, strict=True):
        if change.kind != UNCHANGED:
            _named(f'List "{item_list.name}"', partial(_list_import, actor, item_list, now))
    for rule, change in zip(config.rules, plan.rules, strict=True):
        if change.kind != UNCHANGED:
            _named(f'Rule "{rule.code}"', partial(_rule_import, actor, rule, now))
    for (name, told), change in zip(config.settings.items(), plan.settings, strict=True):
        if change.kind != UNCHANGED:
            _named(SETTINGS[name].words, partial(SETTINGS[name].draft, actor, told, now))
    details = {"sha256": sha256(text.encode()).hexdigest(), "rules": len(plan.rules), "changes": plan.changes}
    audit_record(actor=actor, action="config.imported", subject="config", details=details, now=now)
    return plan


def _named(name: str, work: Callable[[], object]) -> None:
    """A refusal of another service, told with the place in the file."""
    try:
        work()
    except ValidationError as error:
        raise refusal([FieldError(name, "invalid", f"{name}: {words}") for words in error.messages]) from None
    except InvalidRequest as error:
        raise refusal([FieldError(name, error.code, f"{name}: {error.detail}")]) from None


def _versions_approved() -> list[RuleVersion]:
    """Of each rule the version that decides, else the last one approved."""
    versions = RuleVersion.objects.select_related("rule").order_by("rule__code", "number")
    current = RulesetVersion.objects.first()
    live = RulesetMember.objects.filter(ruleset=current, stage="live").values_list("version", flat=True)
    approved = ApprovalRequest.objects.filter(
        kind=ApprovalRequest.Kind.PUBLISH, state=ApprovalRequest.State.APPROVED
    ).values("version")
    found = {version.rule_id: version for version in versions.filter(pk__in=approved)}
    decides = {version.rule_id: version for version in versions.filter(pk__in=live)}
    return list((found | decides).values())


def _list_import(actor: str, entry: ListEntry, now: datetime) -> None:
    item_list = List.objects.filter(name=entry.name).first() or List(name=entry.name, item_type=entry.item_type.value)
    item_list.description = entry.description
    if HAS_PURPOSE and entry.purpose is not None and item_list._state.adding:
        item_list.purpose = entry.purpose
    list_save(actor=actor, item_list=item_list, now=now)
    items = new_items(entry, item_list, now)
    if items and exceeds_alone(owner=actor, item_list=item_list, items=len(items), now=now):
        raise SecondPersonNeeded(
            f"The file would add {len(items):,} items to {item_list.name}: so many within a day take a second person."
            " Take them out of the file, and import them on the page of the list, where a colleague approves them."
        )
    for item in items:
        list_item_add(
            actor=actor,
            item_list=item_list,
            value=item.value,
            reason=item.reason,
            expires_at=item.expires_at,
            source=Source.IMPORT,
            now=now,
        )


def _rule_import(actor: str, entry: RuleEntry, now: datetime) -> None:
    rule = Rule.objects.filter(code=entry.code).first() or Rule(code=entry.code)
    rule.name, rule.description = entry.name, entry.description
    rule_save(actor=actor, rule=rule, draft=entry.draft, now=now)
