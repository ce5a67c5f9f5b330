"""An analyst writes rules with the mouse, with the keyboard alone, on a phone, and without scripts."""

import json
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from rules.domain.lists import ItemType, Purpose
from rules.models import List, Rule, RuleVersion
from rules.services.lists import list_save
from tests.browser.conftest import ANALYST, unique
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, group, inr, row

SENTENCE = "Review when the amount is over 5,000 INR and the country is not the account's home country"
ADD = "/admin/rules/rule/add/"


@pytest.fixture
def analyst(page: Page, log_in) -> Page:
    log_in(page, unique("ana"), *ANALYST)
    return page


@pytest.fixture
def form(analyst: Page) -> Page:
    """The form of a new rule, filled in but for its conditions."""
    analyst.goto(ADD)
    fill_in(analyst, unique("rule"))
    return analyst


@pytest.fixture
def known_cards(committed) -> str:
    name = unique("cards")
    item_list = List(name=name, item_type=ItemType.CARD_TOKEN, purpose=Purpose.ALLOW)
    list_save(actor="ana", item_list=item_list, now=timezone.now())
    return name


def fill_in(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).or_(page.locator("#id_code")).first.fill(code)
    page.locator("#id_name").fill("High amount abroad")
    page.locator("#id_reason_code").fill("rule.foreign_high_amount")
    page.locator("#id_reason_words").fill("High amount abroad")


def choose(page: Page, label: str, typed: str) -> None:
    """Picks the best match of what is typed in a combobox."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.click()
    box.press_sequentially(typed)
    page.get_by_role("listbox", name=label).get_by_role("option").first.click()


def show_as_rows(page: Page, expression: object) -> None:
    page.get_by_role("button", name="Show as text").click()
    page.locator("#id_expression").fill(json.dumps(expression))
    page.get_by_role("button", name="Show as rows").click()


def written(page: Page) -> Any:
    """What the text area of the form would send."""
    return json.loads(page.locator("#id_expression").input_value())


def saved(page: Page) -> RuleVersion:
    code = page.locator("#id_code").input_value()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/change/")
    return RuleVersion.objects.get(rule__code=code)


def says(page: Page, sentence: str) -> None:
    expect(page.locator(".rb-sentence > p").first).to_have_text(sentence)


def test_an_analyst_builds_the_briefs_rule_with_the_mouse(form):
    choose(form, "Row 1: look at", "amount")
    form.get_by_role("textbox", name="Row 1: value (amount)").fill("5000.00")
    form.get_by_role("button", name="Add condition").click()
    choose(form, "Row 2: look at", "country")
    form.get_by_role("combobox", name="Row 2: comparison").select_option("is not")
    form.get_by_role("combobox", name="Row 2: compare with").select_option("another field")
    choose(form, "Row 2: the other field", "home")

    says(form, SENTENCE)
    assert saved(form).expression == FOREIGN_HIGH_AMOUNT


def test_an_analyst_builds_it_with_the_keyboard_alone(form):
    keys = form.keyboard
    form.locator("#id_reason_words").focus()
    tab_to(form, "Row 1: look at")
    keys.type("amount")
    keys.press("Enter")
    tab_to(form, "Row 1: value (amount)")
    keys.type("5000.00")
    tab_to(form, "Add condition")
    keys.press("Enter")
    focus_is_on(form, "Row 2: look at")
    keys.type("country")
    keys.press("Enter")
    focus_is_on(form, "Row 2: comparison")
    keys.press("ArrowDown")
    tab_to(form, "Row 2: compare with")
    keys.press("ArrowDown")
    tab_to(form, "Row 2: the other field")
    keys.type("home")
    keys.press("Tab")
    says(form, SENTENCE)
    tab_to(form, "Save")
    keys.press("Enter")

    form.wait_for_url("**/change/")
    assert RuleVersion.objects.latest("id").expression == FOREIGN_HIGH_AMOUNT


def tab_to(page: Page, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"The tabulator never reaches {name}.")


def focus_is_on(page: Page, name: str) -> None:
    page.wait_for_function("name => document.activeElement.getAttribute('aria-label') === name", arg=name)


def focused(page: Page) -> str:
    """The name of what has the focus."""
    script = "e => e.getAttribute('aria-label') ?? (e.value && e.type === 'submit' ? e.value : e.innerText.trim())"
    return page.evaluate(f"({script})(document.activeElement)")


def test_each_type_of_field_has_its_own_way_to_give_values(known_cards, form):
    expression = group(
        row("amount", "between", [inr("10"), inr("99.50")]),
        group(
            row("location_country", "in", ["FR", "DE"]),
            row("merchant_category", "equal", "7995"),
            row("card_token", "in", list=known_cards),
            row("hour", "in", [1, 2]),
            row("merchant_name", "contains", "casino"),
            row("channel", "equal", "atm"),
            row("is_night", "is_true"),
            combinator="none",
        ),
    )
    pick, fill = chooser(form)

    pick("Row 1: look at", "amount")
    form.get_by_role("combobox", name="Row 1: comparison").select_option("is between")
    fill("Row 1: lowest value", "10")
    fill("Row 1: highest value", "99.50")
    form.get_by_role("button", name="Add group").click()
    form.get_by_role("combobox", name="Group 2: when it holds").select_option("None of these holds")
    for place, field in enumerate(("country", "category", "the card", "hour", "merchant's name", "channel", "night")):
        if place:
            form.get_by_role("group", name="Group 2", exact=True).get_by_role("button", name="Add condition").click()
        pick(f"Row 2.{place + 1}: look at", field)
    form.get_by_role("combobox", name="Row 2.1: comparison").select_option("is one of")
    pick("Row 2.1: add a value", "france")
    pick("Row 2.1: add a value", "germ")
    pick("Row 2.2: value", "gambling")
    form.get_by_role("combobox", name="Row 2.3: comparison").select_option("is one of")
    form.get_by_role("combobox", name="Row 2.3: compare with").select_option("those on the list")
    pick("Row 2.3: list", known_cards)
    form.get_by_role("combobox", name="Row 2.4: comparison").select_option("is one of")
    for hour in ("1", "2"):
        fill("Row 2.4: add a value, then Enter", hour)
        form.keyboard.press("Enter")
    form.get_by_role("combobox", name="Row 2.5: comparison").select_option("contains")
    fill("Row 2.5: value", "casino")
    form.get_by_role("combobox", name="Row 2.6: value").select_option("atm")

    assert written(form) == expression
    assert saved(form).expression == expression


def chooser(page: Page):
    return (
        lambda label, typed: choose(page, label, typed),
        lambda label, text: page.get_by_role("textbox", name=label, exact=True).fill(text),
    )


def test_the_sentence_calls_a_country_what_the_builder_calls_it(form):
    choose(form, "Row 1: look at", "country")
    form.get_by_role("combobox", name="Row 1: comparison").select_option("is not")
    choose(form, "Row 1: value", "indi")

    expect(form.get_by_role("combobox", name="Row 1: value")).to_have_value("India")
    says(form, "Review when the country is not India")
    assert saved(form).expression == group(row("location_country", "not_equal", "IN"))
    expect(form.get_by_text("Review when the country is not India").first).to_be_visible()


def test_an_error_stands_at_its_row_and_says_what_to_do(form):
    show_as_rows(form, group(row("hour", "equal", 3), row("amount", "greater_than", inr("12.345"))))

    value = form.get_by_role("textbox", name="Row 2: value (amount)")
    expect(value).to_have_attribute("aria-invalid", "true")
    expect(value).to_have_accessible_description("To correct: INR has 2 decimals; got 3.")
    says(form, "Review when the hour of day at home is 3 …")


def test_a_rule_that_could_never_fire_is_refused_and_stays_on_the_form(form):
    never = group(row("amount", "greater_than", inr("10")), row("amount", "less_than", inr("5")))
    show_as_rows(form, never)
    code = form.locator("#id_code").input_value()

    form.get_by_role("button", name="Save").click()

    expect(form.locator(".errorlist").last).to_contain_text("Row 2: this and row 1 can never both hold.")
    note = form.get_by_role("group", name="Row 2", exact=True).locator(".rb-note")
    expect(note).to_have_text("To correct: This and row 1 can never both hold. Change one of them.")
    assert written(form) == never
    assert not Rule.objects.filter(code=code).exists()


def test_an_unfinished_row_is_no_error_until_it_is_saved(form):
    note = form.get_by_role("group", name="Row 1", exact=True).locator(".rb-note")
    expect(note).to_have_text("Not finished: Choose what to look at.")

    choose(form, "Row 1: look at", "amount")
    expect(note).to_have_text("Not finished: Fill in a value.")
    form.get_by_role("button", name="Save").click()

    expect(note).to_have_text("To correct: Fill in a value.")


def test_a_pointless_row_is_hinted_at(form):
    show_as_rows(form, group(row("hour", "greater_than", 5), row("hour", "greater_than", 3)))

    note = form.get_by_role("group", name="Row 2", exact=True).locator(".rb-note")
    expect(note).to_contain_text("Hint: Row 1 says this already")


def test_rows_are_moved_copied_and_removed_and_the_focus_goes_along(form):
    show_as_rows(form, group(row("hour", "equal", 3), row("weekday", "equal", 6)))

    form.get_by_role("button", name="Move row 2 up").focus()
    form.keyboard.press("Enter")
    focus_is_on(form, "Move row 1 down")
    form.get_by_role("button", name="Duplicate row 2").press("Enter")
    focus_is_on(form, "Row 3: look at")
    assert [each["field"] for each in written(form)["conditions"]] == ["weekday", "hour", "hour"]
    form.get_by_role("button", name="Remove row 3").press("Enter")
    focus_is_on(form, "Row 2: look at")
    form.get_by_role("button", name="Remove row 2").press("Enter")
    focus_is_on(form, "Row 1: look at")
    form.get_by_role("button", name="Remove row 1").press("Enter")

    form.wait_for_function("() => document.activeElement.innerText.trim() === 'Add condition'")
    assert written(form) == {"combinator": "all", "conditions": []}


def test_a_saved_rule_opens_as_it_was_saved(form):
    show_as_rows(form, FOREIGN_HIGH_AMOUNT)
    version = saved(form)

    form.goto(f"/admin/rules/rule/{version.rule_id}/change/")

    expect(form.get_by_role("combobox", name="Row 2: the other field")).to_have_value("The account's home country")
    says(form, SENTENCE)
    assert written(form) == FOREIGN_HIGH_AMOUNT


def test_another_field_of_the_same_type_keeps_the_comparison_and_the_value(form):
    show_as_rows(form, group(row("payments_1h", "at_least", 4)))

    choose(form, "Row 1: look at", "last 24 hours payments")

    assert written(form) == group(row("payments_24h", "at_least", 4))


def test_leaving_a_list_without_a_choice_changes_nothing(form):
    show_as_rows(form, FOREIGN_HIGH_AMOUNT)
    before = written(form)
    box = form.get_by_role("combobox", name="Row 2: look at")

    box.press_sequentially("merch")
    box.press("Escape")
    expect(form.get_by_role("listbox")).to_have_count(0)
    box.press_sequentially("no such thing")
    expect(form.get_by_role("listbox").get_by_role("option")).to_have_text("Nothing matches. Try another word.")
    box.press("Enter")

    expect(box).to_have_value("The country")
    assert written(form) == before


def test_enter_in_a_value_does_not_save_the_form(form):
    show_as_rows(form, FOREIGN_HIGH_AMOUNT)

    form.get_by_role("textbox", name="Row 1: value (amount)").press("Enter")

    says(form, SENTENCE)
    assert form.url.endswith(ADD)


def test_a_pasted_column_becomes_one_value_each(form):
    show_as_rows(form, group(row("device_id", "in", ["dev_1"])))

    box = form.get_by_role("textbox", name="Row 1: add a value, then Enter")
    script = (
        "(e, text) => { const data = new DataTransfer(); data.setData('text', text); "
        "e.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }"
    )
    box.evaluate(script, "dev_2\ndev_3\ndev_1\n")

    assert written(form)["conditions"][0]["value"] == ["dev_1", "dev_2", "dev_3"]
    form.get_by_role("button", name="Remove dev_2").click()
    assert written(form)["conditions"][0]["value"] == ["dev_1", "dev_3"]


def test_when_the_check_does_not_answer_writing_goes_on(form, complaints):
    form.route("**/rule/check/", lambda route: route.abort())
    choose(form, "Row 1: look at", "night")

    expect(form.locator(".rb-state")).to_contain_text("The check does not answer.")
    assert written(form) == group(row("is_night", "is_true"))
    complaints.clear()


def test_text_that_cannot_be_shown_as_rows_stays_text(form):
    form.get_by_role("button", name="Show as text").click()
    form.locator("#id_expression").fill('{"combinator": "all"')
    form.get_by_role("button", name="Show as rows").click()

    expect(form.get_by_role("alert")).to_contain_text("This text cannot be shown as rows.")
    expect(form.locator("#id_expression")).to_be_visible()


def test_without_scripts_the_text_area_saves_the_rule(new_page, log_in):
    page = new_page(java_script_enabled=False)
    log_in(page, unique("ana"), *ANALYST)
    page.goto(ADD)
    fill_in(page, unique("rule"))

    expect(page.locator("#id_expression_helptext")).to_contain_text("The conditions are written as text here")
    page.locator("#id_expression").fill(json.dumps(FOREIGN_HIGH_AMOUNT))

    assert saved(page).expression == FOREIGN_HIGH_AMOUNT


EVERYTHING = group(
    row("amount", "greater_than", inr("5000.00")),
    row("location_country", "not_equal", other_field="home_country"),
    group(
        row("merchant_category", "in", ["7995", "5944"]),
        row("payments_1h", "at_least", 4),
        row("hour", "between", [1, 5]),
        row("amount_vs_usual_30d", "greater_than", 10),
        combinator="any",
    ),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(new_page, log_in, axe, screenshot, scheme):
    page = new_page(color_scheme=scheme)
    log_in(page, unique("ana"), *ANALYST)
    page.goto(ADD)
    show_as_rows(page, EVERYTHING)
    says_something(page)
    screenshot(page, f"builder-{scheme}", "fieldset:has(.rb)")

    assert axe(page, ".builder") == []

    show_as_rows(page, group(row("hour", "equal", "late"), {}, row("hour", "equal", 3), row("hour", "equal", 3)))
    page.get_by_role("combobox", name="Row 2: look at").press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    expect(page.locator(".rb-note.rb-error")).to_have_count(1)
    assert axe(page, ".builder") == []


def says_something(page: Page) -> None:
    expect(page.locator(".rb-sentence > p").first).to_contain_text("Review when")


def test_a_phone_needs_no_sideways_scrolling(new_page, log_in, screenshot):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    log_in(page, unique("ana"), *ANALYST)
    page.goto(ADD)
    show_as_rows(page, EVERYTHING)
    says_something(page)
    screenshot(page, "builder-phone", ".builder")

    for label in ("Row 3.3: look at", "Row 1: currency", "Row 3.1: add a value"):
        page.get_by_role("combobox", name=label).click()
        expect(page.get_by_role("listbox")).to_be_visible()
        assert widest(page) <= 390


def widest(page: Page) -> float:
    """How far to the right any part of the builder reaches, in pixels."""
    edges = page.evaluate("[...document.querySelectorAll('.rb *')].map(e => e.getBoundingClientRect().right)")
    return max(edges)
