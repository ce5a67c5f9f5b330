"""What a file of rules and lists would change here, without changing anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.config_file import ConfigFile, ItemEntry, ListEntry, RuleEntry, refusal
from rules.domain.definitions import RuleDraft
from rules.domain.differences import Line, compare_expressions
from rules.domain.lists import ItemType, normalise_item
from rules.domain.validation import load_expression, parse_expression
from rules.errors import InvalidExpression, InvalidListItem
from rules.models import List, ListItem, RuleVersion
from rules.selectors import list_types, sentence_of
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.outcomes import Action

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
HAS_PURPOSE = any(field.name == "purpose" for field in List._meta.get_fields())


@dataclass(frozen=True, slots=True)
class Change:
    """What an import would do to one rule, list or setting. `lines` compares both line by line."""

    kind: str
    name: str
    before: str = ""
    after: str = ""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that upper rooms keep in the database; `told` is what a file says of them.

    `read` gives what decides now, None for nothing; `errors` says what is wrong with what is told, `change` what it
    would change. `draft` writes it down as somebody's draft; it takes the permission.
    """

    words: str
    permission: str
    read: Callable[[], Any]
    errors: Callable[[Any], list[FieldError]]
    change: Callable[[Any], Change]
    draft: Callable[[str, Any, datetime], object]


SETTINGS: dict[str, Settings] = {}  # filled by the rooms that keep them, in their apps' ready()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `digest` names it: an import is applied as it was shown, or not at all."""

    rules: tuple[Change, ...]
    lists: tuple[Change, ...]
    settings: tuple[Change, ...]
    digest: str

    @property
    def changes(self) -> int:
        """How many rules, lists and settings would be added or changed."""
        return sum(change.kind != UNCHANGED for change in (*self.rules, *self.lists, *self.settings))


def config_plan(config: ConfigFile, text: str, now: datetime) -> Plan:
    """Errors: InvalidConfigFile, which names every place at fault."""
    lists = {each.name: each for each in List.objects.all()}
    errors = [error for entry in config.lists for error in _list_errors(entry, lists.get(entry.name))]
    types = list_types() | {entry.name: entry.item_type for entry in config.lists}
    errors += [error for entry in config.rules for error in _rule_errors(entry, types)]
    errors += [error for name, told in config.settings.items() for error in _settings_errors(name, told)]
    if errors:
        raise refusal(errors)
    latest = {version.rule.code: version for version in latest_versions()}
    rules = tuple(_rule_change(entry, latest.get(entry.code)) for entry in config.rules)
    list_changes = tuple(_list_change(entry, lists.get(entry.name), now) for entry in config.lists)
    settings = tuple(SETTINGS[name].change(told) for name, told in config.settings.items())
    shown = repr((sha256(text.encode()).hexdigest(), rules, list_changes, settings))
    return Plan(rules, list_changes, settings, sha256(shown.encode()).hexdigest())


def _rule_errors(entry: RuleEntry, types: Mapping[str, ItemType]) -> list[FieldError]:
    name = f'Rule "{entry.code}"'
    errors: list[FieldError] = []
    try:
        parse_expression(entry.draft.expression, types)
    except InvalidExpression as error:
        errors += [FieldError(f"{name}.{each.field}", each.code, f"{name}: {each.message}") for each in error.errors]
    texts = {"name": entry.name, "description": entry.description, "reason_words": entry.draft.reason_words}
    try:
        card_numbers_refuse(**texts)
    except InvalidRequest as error:
        errors.append(FieldError(name, error.code, f"{name}: {error.detail}"))
    return errors


def _list_errors(entry: ListEntry, there: List | None) -> list[FieldError]:
    name = f'List "{entry.name}"'
    if there is not None and there.item_type != entry.item_type.value:
        words = f"{name} has items of the type {there.item_type} here; the type of a list stays."
        return [FieldError(name, "type_differs", words)]
    if there is not None and HAS_PURPOSE and entry.purpose not in (None, getattr(there, "purpose", None)):
        words = f"{name} has another purpose here. Change it on the page of the list first."
        return [FieldError(name, "purpose_differs", words)]
    errors: list[FieldError] = []
    for item in entry.items or ():
        try:
            normalise_item(item.value, entry.item_type)
        except InvalidListItem as error:
            errors.append(FieldError(name, error.code, f'{name}, item "{item.value[:40]}": {error.detail}'))
    return errors


def _rule_change(entry: RuleEntry, latest: RuleVersion | None) -> Change:
    after = sentence_of(entry.draft.action.value, entry.draft.expression)
    if latest is None:
        return Change(ADDED, entry.code, after=after)
    was = rule_entry(latest)
    before = sentence_of(latest.action, latest.expression)
    if was == entry:
        return Change(UNCHANGED, entry.code, before, after)
    said = (
        ("name", was.name, entry.name),
        ("description", was.description, entry.description),
        ("reason code", was.draft.reason_code, entry.draft.reason_code),
        ("reason", was.draft.reason_words, entry.draft.reason_words),
    )
    lines = list(_condition_lines(latest.expression, entry.draft.expression))
    for name, old, new in said:
        if old != new:
            lines += [Line("removed", 0, f"{name}: {old}"), Line("added", 0, f"{name}: {new}")]
    return Change(CHANGED, entry.code, before, after, tuple(lines))


def _condition_lines(before: object, after: object) -> list[Line]:
    if before == after:
        return []
    try:
        return compare_expressions(load_expression(before, lists=None), load_expression(after, lists=None))
    except InvalidExpression:  # saved under older checks; the sentence says what is wrong
        return []


def _list_change(entry: ListEntry, there: List | None, now: datetime) -> Change:
    new = len(new_items(entry, there, now))
    after = f"{entry.item_type.words}: {entry.description}" + (f"; {new:,} new items" if new else "")
    if there is None:
        return Change(ADDED, entry.name, after=after)
    was = list_entry(there, with_items=False, now=now)
    is_same = was.description == entry.description and not new
    return Change(UNCHANGED if is_same else CHANGED, entry.name, f"{was.item_type.words}: {was.description}", after)


def new_items(entry: ListEntry, there: List | None, now: datetime) -> list[ItemEntry]:
    """Those of the file that are not on the list."""
    valid: Any = ListItem.objects.valid_at(now).filter(list=there) if there else ListItem.objects.none()
    known = set(valid.values_list("value", flat=True)) if entry.items else set()
    return [item for item in entry.items or () if normalise_item(item.value, entry.item_type) not in known]


def _settings_errors(name: str, told: Any) -> list[FieldError]:
    if name not in SETTINGS:
        return [FieldError(name, "unknown", f'There are no settings called "{name[:60]}" here.')]
    words = SETTINGS[name].words
    return [
        FieldError(f"{name}.{each.field}", each.code, f"{words}, {each.field[:60]}: {each.message}")
        for each in SETTINGS[name].errors(told)
    ]


def latest_versions() -> list[RuleVersion]:
    versions = RuleVersion.objects.select_related("rule").order_by("rule__code", "number")
    return list({version.rule_id: version for version in versions}.values())


def rule_entry(version: RuleVersion) -> RuleEntry:
    draft = RuleDraft(Action(version.action), version.reason_code, version.reason_words, version.expression)
    return RuleEntry(version.rule.code, version.rule.name, version.rule.description, draft)


def list_entry(item_list: List, with_items: bool, now: datetime) -> ListEntry:
    items = None
    if with_items:
        found: Any = ListItem.objects.valid_at(now).filter(list=item_list)
        items = tuple(ItemEntry(item.value, item.reason, item.expires_at) for item in found)
    purpose = getattr(item_list, "purpose", None) if HAS_PURPOSE else None
    return ListEntry(item_list.name, ItemType(item_list.item_type), item_list.description, purpose, items)
