"""Out and in again: files of rules and lists. What is refused changes nothing."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from ledger.models import AuditEntry
from rules.errors import ConfigChanged, InvalidConfigFile, SecondPersonNeeded
from rules.models import List, ListItem, Rule, RulesetVersion, RuleVersion
from rules.services.config_file import config_compare, config_export, config_import
from rules.services.lists import list_item_add
from rules.services.rules import rule_save
from scoring.models import PolicyRelease, PolicyVersion
from scoring.services.policies import policy_draft
from scoring.services.policy_shipped import shipped_policy_publish
from sentinel.core.outcomes import Action
from tests.rules.database.conftest import rules_forget
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, group, inr, row
from tests.scoring.policies import hide_policies

SENTENCE = "Review when the amount is over 5,000 INR and the country is not the account's home country"
BLOCKED = group(row("card_token", "in", list="blocked_cards"))
CARD = "4111111111111111"


@pytest.fixture
def export(db, now):
    """The file as JSON."""

    def take(**options):
        return json.loads(config_export(actor="ana", now=now, **options))

    return take


@pytest.fixture
def bring(now):
    def bring_in(told) -> None:
        text = told if isinstance(told, str) else json.dumps(told)
        config_import(actor="mia", text=text, digest=config_compare(text=text, now=now).digest, now=now)

    return bring_in


def compare(told, now):
    return config_compare(text=json.dumps(told), now=now)


def wrong(told, now) -> list[str]:
    with pytest.raises(InvalidConfigFile) as refused:
        compare(told, now)
    return [error.message for error in refused.value.errors]


def test_what_was_exported_is_imported_into_an_empty_place_as_it_was(make_rule, blocked_cards, bring, now):
    make_rule()
    make_rule("blocked", expression=BLOCKED, action=Action.DECLINE)
    make_rule("draft", is_live=False)
    until = now + timedelta(days=30)
    list_item_add(actor="ana", item_list=blocked_cards, value="tok_1", reason="stolen", expires_at=until, now=now)
    taken = config_export(actor="ana", with_drafts=True, with_items=True, now=now)
    rules_forget()

    bring(taken)

    assert config_export(actor="ana", with_drafts=True, with_items=True, now=now) == taken
    assert config_compare(text=taken, now=now).changes == 0
    assert RulesetVersion.objects.count() == 0
    assert set(RuleVersion.objects.values_list("author", flat=True)) == {"mia"}


def test_a_file_has_what_decides_unless_drafts_are_asked_for(make_rule, make_draft, export, now):
    rule = make_rule()
    rule_save(actor="ana", rule=rule, draft=make_draft(group(row("is_night", "is_true"))), now=now)
    make_rule("never_approved", is_live=False)

    assert [(each["code"], each["conditions"]) for each in export()["rules"]] == [
        ("foreign_high_amount", FOREIGN_HIGH_AMOUNT)
    ]
    assert [each["code"] for each in export(with_drafts=True)["rules"]] == ["foreign_high_amount", "never_approved"]


def test_items_of_lists_leave_only_when_asked_for(blocked_cards, export, now):
    list_item_add(actor="ana", item_list=blocked_cards, value="tok_1", reason="stolen", now=now)

    assert "items" not in export()["lists"][0]
    items = [{"value": "tok_1", "reason": "stolen", "expires_at": None}]
    assert export(with_items=True)["lists"][0]["items"] == items
    assert [entry.details["with_items"] for entry in AuditEntry.objects.filter(action="config.exported")] == [
        True,
        False,
    ]


def test_the_differences_are_shown_before_anything_changes(make_rule, export, now):
    make_rule()
    told = export()
    changed = told["rules"][0]
    changed["conditions"] = {
        "combinator": "all",
        "conditions": [row("amount", "greater_than", inr("9000.00")), *FOREIGN_HIGH_AMOUNT["conditions"][1:]],
    }
    told["rules"].append({**changed, "code": "new_rule"})

    plan = compare(told, now)

    assert [(change.kind, change.name) for change in plan.rules] == [
        ("changed", "foreign_high_amount"),
        ("added", "new_rule"),
    ]
    assert plan.rules[0].before == SENTENCE
    assert "over 9,000 INR" in plan.rules[0].after
    assert [(line.mark, line.words) for line in plan.rules[0].lines if line.mark != "same"] == [
        ("removed", "the amount is over 5,000 INR"),
        ("added", "the amount is over 9,000 INR"),
    ]
    assert (Rule.objects.count(), RuleVersion.objects.count()) == (1, 1)


def test_an_imported_rule_is_a_draft(make_rule, export, bring):
    rule = make_rule()
    told = export()
    told["rules"][0]["action"] = "decline"

    bring(told)

    assert [(version.number, version.action) for version in rule.versions.order_by("number")] == [
        (1, "review"),
        (2, "decline"),
    ]
    assert RulesetVersion.objects.latest("number").members.get().version.number == 1
    assert AuditEntry.objects.get(action="config.imported").details["changes"] == 1


def test_a_rule_may_use_a_list_of_the_same_file(make_rule, blocked_cards, export, bring, now):
    told = export()
    told["lists"][0] |= {"name": "new_list", "items": [{"value": " tok_1 ", "reason": "stolen"}]}
    told["rules"] = [rule_json("blocked", group(row("card_token", "in", list="new_list")))]

    bring(told)

    assert ListItem.objects.get().value == "tok_1"
    assert ListItem.objects.get().owner == "mia"
    assert Rule.objects.get().code == "blocked"


def test_many_items_out_of_a_file_take_a_second_person(blocked_cards, export, bring, settings):
    settings.LIST_IMPORT_APPROVAL_LINES = 3
    told = export()

    def items(first: int, count: int) -> None:
        told["lists"][0]["items"] = [{"value": f"tok_{first + each}", "reason": "stolen"} for each in range(count)]

    items(0, 4)
    with pytest.raises(SecondPersonNeeded, match="The file would add 4 items to blocked_cards"):
        bring(told)
    assert ListItem.objects.count() == 0

    items(0, 2)
    bring(told)
    items(2, 2)
    with pytest.raises(SecondPersonNeeded, match="within a day"):
        bring(told)
    assert set(ListItem.objects.values_list("value", "source")) == {("tok_0", "import"), ("tok_1", "import")}


def rule_json(code: str, conditions, **changes):
    reason = {"reason_code": f"rule.{code}", "reason_words": "Because"}
    said = {"code": code, "name": code, "description": "", "action": "review", **reason, "conditions": conditions}
    return {**said, **changes}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (rule_json("r", BLOCKED), 'Rule "r": Row 1: there is no list "blocked_cards".'),
        (rule_json("r", group(row("amont", "is_missing"))), 'Rule "r": Row 1: there is no field "amont"'),
        (rule_json("r", None), 'Rule "r": '),
        (rule_json("r", FOREIGN_HIGH_AMOUNT, name=f"card {CARD}"), 'Rule "r": '),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(export, now, told, words):
    (said,) = wrong({**export(), "rules": [told]}, now)

    assert said.startswith(words)


def test_the_type_of_a_list_stays(blocked_cards, export, now):
    told = export()
    told["lists"][0]["item_type"] = "country"

    assert wrong(told, now) == [
        'List "blocked_cards" has items of the type card_token here; the type of a list stays.'
    ]


def test_an_item_that_does_not_fit_its_list_is_named(export, now):
    told = export()
    items = [{"value": "Atlantis", "reason": "sunk"}]
    told["lists"] = [{"name": "far", "item_type": "country", "description": "", "items": items}]

    (said,) = wrong(told, now)
    assert said.startswith('List "far", item "Atlantis": ')


def test_settings_that_nobody_keeps_are_refused(export, now):
    assert wrong({**export(), "settings": {"weather": {}}}, now) == ['There are no settings called "weather" here.']


@pytest.fixture
def policy(db, now) -> PolicyVersion:
    """Version 1, live."""
    hide_policies()
    return shipped_policy_publish(thresholds={"review_percentile": 0.9}, note="", now=now)


STRICTER = {"review_percentile": 0.5, "bands": [{"channels": ["atm"], "review_percentile": 0.4}]}


def test_a_policy_that_differs_is_shown_then_drafted_and_decides_nothing(policy, export, bring, now):
    told = export()
    assert told["settings"] == {"policy": {"review_percentile": 0.9}}
    told["settings"]["policy"] = STRICTER

    plan = compare(told, now)
    assert [(change.kind, change.name, change.after) for change in plan.settings] == [
        ("changed", "Policy", "Review from score percentile 0.5. 1 band beside.")
    ]
    assert ("removed", "all payments: review from score percentile 0.9") in [
        (line.mark, line.words) for line in plan.settings[0].lines
    ]
    assert plan.changes == 1
    assert PolicyVersion.objects.count() == 1

    bring(told)

    draft = PolicyVersion.objects.get(number=2)
    assert (draft.thresholds, draft.author, draft.note) == (STRICTER, "mia", "From a file")
    assert [release.live_id for release in PolicyRelease.objects.all()] == [1]
    assert not draft.requests.exists()
    assert compare(told, now).changes == 0, "the draft is there already"


def test_a_policy_as_it_is_live_is_not_drafted_again(policy, export, bring):
    bring(export())
    bring({**export(), "settings": {"policy": {}}})

    assert PolicyVersion.objects.count() == 1


def test_the_first_policy_may_come_from_a_file(db, export, bring, now):
    hide_policies()
    assert export()["settings"] == {}

    bring({**export(), "settings": {"policy": STRICTER}})

    assert PolicyVersion.objects.get().thresholds == STRICTER
    assert PolicyRelease.objects.count() == 0


@pytest.mark.parametrize(
    ("policy_told", "words"),
    [
        ([], "Policy, policy: A policy is an object with thresholds."),
        ({"review_percentile": "high"}, "Policy, review_percentile: A threshold is a number from 0.0 to 1.0."),
        ({"reviews": 1}, "Policy, reviews: Known are: "),
        ({"degraded_review_above": {"INR": 5}}, "Policy, degraded_review_above.INR: Write the amount in quotation"),
        ({"bands": [{"currency": ["INR"], "review_percentile": 0.5}]}, "Policy, bands.1.currency: “['INR']” is not"),
        ({"bands": [{"channels": [{}], "review_percentile": 0.5}]}, "Policy, bands.1.channels: “{}” is no channel."),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_its_place(policy, export, now, policy_told, words):
    (said,) = wrong({**export(), "settings": {"policy": policy_told}}, now)

    assert said.startswith(words)
    assert PolicyVersion.objects.count() == 1


def test_a_policy_that_was_drafted_since_the_look_is_looked_at_again(policy, export, now):
    text = json.dumps({**export(), "settings": {"policy": STRICTER}})
    digest = config_compare(text=text, now=now).digest
    policy_draft(actor="ben", thresholds=STRICTER, note="", now=now)

    with pytest.raises(ConfigChanged):
        config_import(actor="mia", text=text, digest=digest, now=now)

    assert PolicyVersion.objects.count() == 2


def test_a_refused_file_changes_nothing(export, bring):
    told = export()
    told["lists"] = [{"name": "fine", "item_type": "country", "description": ""}]
    told["rules"] = [rule_json("fine", FOREIGN_HIGH_AMOUNT), rule_json("fine_too", FOREIGN_HIGH_AMOUNT, name="")]

    with pytest.raises(InvalidConfigFile, match='Rule "fine_too": '):
        bring(told)

    assert (List.objects.count(), Rule.objects.count()) == (0, 0)
    assert not AuditEntry.objects.filter(action="config.imported").exists()


def test_what_changed_since_the_look_is_not_overwritten(make_rule, make_draft, export, now):
    rule = make_rule()
    told = export()
    told["rules"][0]["action"] = "decline"
    digest = compare(told, now).digest
    rule_save(actor="ben", rule=rule, draft=make_draft(group(row("is_night", "is_true"))), now=now)

    with pytest.raises(ConfigChanged):
        config_import(actor="mia", text=json.dumps(told), digest=digest, now=now)

    assert RuleVersion.objects.count() == 2


def test_commands_take_out_show_and_bring_in(make_rule, tmp_path, capsys):
    make_rule()
    file = tmp_path / "rules.json"
    call_command("export_config", output=file)
    told = json.loads(file.read_text())
    told["rules"][0]["code"] = "another"
    file.write_text(json.dumps(told))
    capsys.readouterr()

    call_command("import_config", file)
    assert capsys.readouterr().out == (
        f"Rules: another added\n  + {SENTENCE}\n"
        "Nothing was changed; with --apply it would be: 1 rules, lists and settings.\n"
    )
    assert Rule.objects.count() == 1

    call_command("import_config", file, apply=True, actor="olivia")
    assert Rule.objects.get(code="another").created_by == "olivia"

    file.write_text("{")
    with pytest.raises(CommandError, match="This is not JSON"):
        call_command("import_config", file)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_config", tmp_path / "nowhere.json")
