import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.domain.config_file import (
    ENTRIES_MAX,
    ConfigFile,
    ItemEntry,
    ListEntry,
    RuleEntry,
    read_config,
    write_config,
)
from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType
from rules.errors import InvalidConfigFile
from sentinel.core.outcomes import Action
from tests.rules.examples import FOREIGN_HIGH_AMOUNT

RULE = {
    "code": "foreign_high_amount",
    "name": "High amount abroad",
    "description": "",
    "action": "review",
    "reason_code": "rule.foreign_high_amount",
    "reason_words": "High amount abroad",
    "conditions": FOREIGN_HIGH_AMOUNT,
}
LIST = {"name": "blocked_cards", "item_type": "card_token", "description": "", "items": []}

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
WORDS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\xa0\u3000"), max_size=40)
VISIBLE = WORDS.filter(str.isprintable)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | VISIBLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
RULES = st.builds(
    RuleEntry,
    NAMES,
    VISIBLE,
    VISIBLE,
    st.builds(RuleDraft, st.sampled_from(Action), NAMES, VISIBLE, JSON),
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ITEMS = st.lists(st.builds(ItemEntry, VISIBLE, VISIBLE, st.none() | MOMENTS), max_size=3).map(tuple)
LISTS = st.builds(ListEntry, NAMES, st.sampled_from(ItemType), VISIBLE, st.none() | NAMES, st.none() | ITEMS)
FILES = st.builds(
    ConfigFile,
    st.lists(RULES, max_size=4, unique_by=lambda rule: rule.code).map(tuple),
    st.lists(LISTS, max_size=3, unique_by=lambda item_list: item_list.name).map(tuple),
    st.dictionaries(NAMES, JSON, max_size=2),
)


def file(**changes) -> str:
    told = {"format": "sentinelstream.config", "version": 1, "rules": [RULE], "lists": [LIST], **changes}
    return json.dumps(told)


def wrong(text: str) -> list[str]:
    with pytest.raises(InvalidConfigFile) as refused:
        read_config(text)
    return [error.message for error in refused.value.errors]


@given(FILES)
def test_what_is_written_is_read_again(config):
    text = write_config(config)

    assert write_config(read_config(text)) == text


@given(FILES, st.randoms())
def test_the_order_of_entries_changes_nothing(config, random):
    rules, lists = list(config.rules), list(config.lists)
    random.shuffle(rules)
    random.shuffle(lists)

    assert write_config(ConfigFile(tuple(rules), tuple(lists), config.settings)) == write_config(config)


def test_a_file_names_its_rules_and_lists():
    config = read_config(file())

    assert [rule.code for rule in config.rules] == ["foreign_high_amount"]
    assert config.rules[0].draft.action is Action.REVIEW
    assert [(each.name, each.item_type, each.items) for each in config.lists] == [
        ("blocked_cards", ItemType.CARD_TOKEN, ())
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "This is not JSON: Expecting value in line 1."),
        ("[1, 2", "This is not JSON: Expecting ',' delimiter in line 1."),
        ("[" * 100_000, "This is not JSON that can be read: it is too deep, or a number is too long."),
        ('{"format": NaN}', "NaN is not a number."),
        ("[]", "This is no file of rules and lists exported from here."),
        ('{"format": "a", "format": "b"}', 'The key "format" stands twice in one place. Remove one of the two.'),
        (" " * 1_000_001, "The file is longer than 1,000,000 letters."),
        (file(version=2), "The file has format version 2; version 1 can be read."),
        (file(rule=[]), 'there is no "rule" here. Known are format, version, rules, lists, settings.'),
        (file(rules={}), '"rules" is a list of objects: [{…}, {…}].'),
        (file(settings=[]), '"settings" is an object: {…}.'),
        (file(rules=[RULE, RULE]), 'The rule "foreign_high_amount" stands in the file twice. Remove one of the two.'),
        (file(lists=[LIST, LIST]), 'The list "blocked_cards" stands in the file twice. Remove one of the two.'),
        (
            file(rules=[{**RULE, "code": str(each)} for each in range(ENTRIES_MAX + 1)]),
            '"rules" has 1,001 entries; 1,000 are possible.',
        ),
        (file(rules=[RULE | {"action": "explode"}]), 'Rule 1: "action" is one of allow, review, decline.'),
        (file(rules=[RULE | {"name": 7}]), 'Rule 1: "name" is a text in quotation marks.'),
        (
            file(rules=[RULE | {"name": "a\u001b[2J"}]),
            'Rule 1: "name" has a character that cannot be shown. Remove it.',
        ),
        (
            file(lists=[LIST | {"items": [{"value": "tok_1"}]}]),
            'List 1, item 1: "reason" is missing.',
        ),
        (
            file(lists=[LIST | {"items": [{"value": "tok_1", "reason": "", "expires_at": "2026-01-31"}]}]),
            'List 1, item 1: "expires_at" is a moment with its zone, such as 2026-01-31T12:00:00+00:00, or null.',
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, words):
    assert wrong(text) == [words]


def test_everything_wrong_is_said_at_once():
    told = {**RULE, "code": "another", "action": "explode", "extra": 1}
    del told["name"]

    assert wrong(file(rules=[RULE, told])) == [
        'Rule 2: "name" is missing.',
        'Rule 2: there is no "extra" here. Known are code, name, description, action, reason_code, reason_words,'
        " conditions.",
        'Rule 2: "action" is one of allow, review, decline.',
    ]


@pytest.mark.parametrize("until", ["soon", "2026-01-31T12:00:00"])
def test_an_item_ends_at_a_moment_with_its_zone(until):
    item = {"value": "tok_1", "reason": "stolen", "expires_at": until}

    assert ["a moment with its zone" in words for words in wrong(file(lists=[{**LIST, "items": [item]}]))] == [True]
