from rules.domain.differences import Asked, compare_expressions, compare_rulesets
from rules.domain.path import Standing
from rules.domain.stages import Stage
from rules.domain.validation import parse_expression
from tests.rules.examples import LIST_TYPES, group, inr, row


def read(*conditions):
    return parse_expression(group(*conditions), LIST_TYPES)


def test_a_changed_row_is_taken_out_and_put_in():
    before = read(row("amount", "greater_than", inr("5000.00")), row("is_night", "is_true"))
    after = read(row("amount", "greater_than", inr("9000.00")), row("is_night", "is_true"))

    assert [(line.mark, line.depth, line.words) for line in compare_expressions(before, after)] == [
        ("same", 0, "all of these hold"),
        ("removed", 1, "the amount is over 5,000 INR"),
        ("added", 1, "the amount is over 9,000 INR"),
        ("same", 1, "the payment is made at night at home (23:00 to 05:59)"),
    ]


def test_groups_stand_deeper():
    lines = compare_expressions(
        read(row("is_night", "is_true")),
        read(row("is_night", "is_true"), group(row("hour", "equal", 3), combinator="none")),
    )

    assert [(line.mark, line.depth) for line in lines] == [("same", 0), ("same", 1), ("added", 1), ("added", 2)]


def test_rulesets_differ_by_what_comes_in_goes_out_and_moves():
    stays, goes = Asked(1, "live", "A"), Asked(1, "live", "B")
    before = {("stays", False): stays, ("goes", False): goes, ("moves", True): Asked(2, "shadow", "C")}
    after = {
        ("stays", False): stays,
        ("comes", True): Asked(1, "shadow", "D"),
        ("moves", True): Asked(2, "canary 10 %", "C"),
    }

    assert [(change.code, change.words) for change in compare_rulesets(before, after)] == [
        ("comes", "comes in: shadow"),
        ("goes", "goes out"),
        ("moves", "shadow becomes canary 10 %"),
    ]


def test_a_newer_version_is_named():
    changes = compare_rulesets({("a", False): Asked(1, "live", "A")}, {("a", False): Asked(2, "live", "B")})

    assert [change.words for change in changes] == ["version 1 becomes version 2"]


def test_where_a_rule_is_is_said_of_its_latest_version():
    assert Standing().point == "draft"
    assert Standing(latest=1, is_simulated=True).point == "simulated"
    assert Standing(latest=2, live=1, last_asked=1).point == "draft"
    assert Standing(latest=2, live=1, is_asked_for=True).point == "awaiting approval"
    assert Standing(latest=2, live=1, trial=2, trial_stage=Stage.CANARY, share_percent=5).point == "canary"
    assert Standing(latest=1, live=1, is_asked_for=True).point == "live"
    assert Standing(latest=1, last_asked=1).point == "retired"


def test_what_decides_now_is_said_in_words():
    standing = Standing(latest=2, live=1, trial=2, trial_stage=Stage.CANARY, share_percent=5)

    assert standing.words == "version 1 is live; version 2 is a canary for 5 % of the accounts"
    assert Standing(latest=1).words == "no version takes part in decisions"
