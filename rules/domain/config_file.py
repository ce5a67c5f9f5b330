"""Rules, lists and settings as one file that people can read, compare and keep under version control.

The same configuration always gives the same text, so that two files differ only where their contents do.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType
from rules.errors import InvalidConfigFile
from sentinel.core.errors import FieldError
from sentinel.core.outcomes import Action

FORMAT, FORMAT_VERSION = "sentinelstream.config", 1
SIZE_MAX = 1_000_000
ENTRIES_MAX = 1_000
ITEMS_MAX = 10_000

_RULE_KEYS = ("code", "name", "description", "action", "reason_code", "reason_words", "conditions")
_LIST_KEYS = ("name", "item_type", "description")
_ITEM_KEYS = ("value", "reason", "expires_at")


@dataclass(frozen=True, slots=True)
class RuleEntry:
    code: str
    name: str
    description: str
    draft: RuleDraft


@dataclass(frozen=True, slots=True)
class ItemEntry:
    value: str
    reason: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListEntry:
    """`purpose` is None where lists have none, `items` where the file leaves them out."""

    name: str
    item_type: ItemType
    description: str
    purpose: str | None = None
    items: tuple[ItemEntry, ...] | None = None


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """`settings` by name, such as "policy"; what is in them is known to whoever keeps them."""

    rules: tuple[RuleEntry, ...] = ()
    lists: tuple[ListEntry, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def write_config(config: ConfigFile) -> str:
    """JSON in a fixed order: rules by code, lists by name, items by value."""
    told = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "rules": [_rule_json(rule) for rule in sorted(config.rules, key=lambda rule: rule.code)],
        "lists": [_list_json(item_list) for item_list in sorted(config.lists, key=lambda each: each.name)],
        "settings": {name: config.settings[name] for name in sorted(config.settings)},
    }
    return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rule_json(rule: RuleEntry) -> dict[str, Any]:
    draft = rule.draft
    said = (draft.action.value, draft.reason_code, draft.reason_words, draft.expression)
    return dict(zip(_RULE_KEYS, (rule.code, rule.name, rule.description, *said), strict=True))


def _list_json(item_list: ListEntry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": item_list.name,
        "item_type": item_list.item_type.value,
        "description": item_list.description,
    }
    if item_list.purpose is not None:
        told["purpose"] = item_list.purpose
    if item_list.items is not None:
        told["items"] = [_item_json(item) for item in sorted(item_list.items, key=lambda item: item.value)]
    return told


def _item_json(item: ItemEntry) -> dict[str, Any]:
    expires_at = item.expires_at.isoformat() if item.expires_at else None
    return {"value": item.value, "reason": item.reason, "expires_at": expires_at}


def read_config(text: str) -> ConfigFile:
    """What a file says. Errors: InvalidConfigFile, which names every place at fault.

    Conditions are not read here: that takes the lists there are.
    """
    told = _Place("", _parse(text), [])
    if not isinstance(told.json, dict) or told.json.get("format") != FORMAT:
        raise refusal([_error("format", "This is no file of rules and lists exported from here.")])
    if told.json.get("version") != FORMAT_VERSION:
        words = f"The file has format version {told.json.get('version')!r}; version {FORMAT_VERSION} can be read."
        raise refusal([_error("version", words)])
    told.keys(("format", "version"), ("rules", "lists", "settings"))
    config = ConfigFile(
        rules=tuple(_rule(place) for place in told.members("rules", "Rule", ENTRIES_MAX)),
        lists=tuple(_list(place) for place in told.members("lists", "List", ENTRIES_MAX)),
        settings=told.mapping("settings"),
    )
    _refuse_twice(told, [rule.code for rule in config.rules], "rules", "The rule")
    _refuse_twice(told, [item_list.name for item_list in config.lists], "lists", "The list")
    if told.errors:
        raise refusal(told.errors)
    return config


def refusal(errors: Sequence[FieldError]) -> InvalidConfigFile:
    more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    return InvalidConfigFile(f"{errors[0].message}{more}", errors=errors)


def _parse(text: str) -> Any:
    if len(text) > SIZE_MAX:
        raise refusal([_error("", f"The file is longer than {SIZE_MAX:,} letters.")])
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise refusal([_error("", f"This is not JSON: {error.msg} in line {error.lineno}.")]) from None
    except (ValueError, RecursionError):
        words = "This is not JSON that can be read: it is too deep, or a number is too long."
        raise refusal([_error("", words)]) from None


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise refusal([_error(twice, f'The key "{twice}" stands twice in one place. Remove one of the two.')])
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise refusal([_error("", f"{word} is not a number.")])


def _error(place: str, words: str) -> FieldError:
    return FieldError(place, "invalid", words)


@dataclass(frozen=True, slots=True)
class _Place:
    """Somewhere in the file, and what stands there. What is wrong is collected; what is read then is not used."""

    name: str
    json: Any
    errors: list[FieldError]

    def refuse(self, key: str, words: str) -> None:
        place = ".".join(filter(None, [self.name, key]))
        self.errors.append(_error(place, f"{self.name}: {words}" if self.name else words))

    def keys(self, needed: Sequence[str], possible: Sequence[str] = ()) -> None:
        """Refuses keys that are missing or unknown."""
        for key in needed:
            if key not in self.json:
                self.refuse(key, f'"{key}" is missing.')
        for key in self.json:
            if key not in (*needed, *possible):
                known = ", ".join((*needed, *possible))
                self.refuse(str(key)[:60], f'there is no "{str(key)[:60]}" here. Known are {known}.')

    def text(self, key: str, *, lines: bool = False) -> str:
        said = self.json.get(key, "")
        if not isinstance(said, str):
            self.refuse(key, f'"{key}" is a text in quotation marks.')
            return ""
        visible = said.replace("\r", "").replace("\n", "").replace("\t", "") if lines else said
        if not visible.isprintable():
            self.refuse(key, f'"{key}" has a character that cannot be shown. Remove it.')
        return said

    def one_of(self, key: str, kind: Callable[[str], Any], known: Sequence[str]) -> Any:
        said = self.text(key)
        if said in known:
            return kind(said)
        self.refuse(key, f'"{key}" is one of {", ".join(known)}.')
        return kind(known[0])

    def members(self, key: str, words: str, at_most: int) -> "list[_Place]":
        """The objects of a list, each a place named by its number."""
        found = self.json.get(key, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self.refuse(key, f'"{key}" is a list of objects: [{{…}}, {{…}}].')
            return []
        if len(found) > at_most:
            self.refuse(key, f'"{key}" has {len(found):,} entries; {at_most:,} are possible.')
            return []
        within = f"{self.name}, {words.lower()}" if self.name else words
        return [_Place(f"{within} {number}", each, self.errors) for number, each in enumerate(found, 1)]

    def mapping(self, key: str) -> dict[str, Any]:
        found = self.json.get(key, {})
        if isinstance(found, dict):
            return found
        self.refuse(key, f'"{key}" is an object: {{…}}.')
        return {}


def _rule(place: _Place) -> RuleEntry:
    place.keys(_RULE_KEYS)
    draft = RuleDraft(
        action=place.one_of("action", Action, [action.value for action in Action]),
        reason_code=place.text("reason_code"),
        reason_words=place.text("reason_words"),
        expression=place.json.get("conditions"),
    )
    return RuleEntry(place.text("code"), place.text("name"), place.text("description", lines=True), draft)


def _list(place: _Place) -> ListEntry:
    place.keys(_LIST_KEYS, ("purpose", "items"))
    items = [_item(item) for item in place.members("items", "Item", ITEMS_MAX)] if "items" in place.json else None
    return ListEntry(
        name=place.text("name"),
        item_type=place.one_of("item_type", ItemType, [item_type.value for item_type in ItemType]),
        description=place.text("description", lines=True),
        purpose=place.text("purpose") if "purpose" in place.json else None,
        items=None if items is None else tuple(items),
    )


def _item(place: _Place) -> ItemEntry:
    place.keys(("value", "reason"), ("expires_at",))
    return ItemEntry(place.text("value"), place.text("reason"), _moment(place, "expires_at"))


def _moment(place: _Place, key: str) -> datetime | None:
    if place.json.get(key) is None:
        return None
    try:
        moment = datetime.fromisoformat(place.text(key))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        place.refuse(key, f'"{key}" is a moment with its zone, such as 2026-01-31T12:00:00+00:00, or null.')
        return None
    return moment


def _refuse_twice(told: _Place, names: Sequence[str], key: str, words: str) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}):
        told.refuse(key, f'{words} "{name}" stands in the file twice. Remove one of the two.')
