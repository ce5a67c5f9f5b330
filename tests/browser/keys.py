"""The keyboard of people who do not use a mouse."""

from playwright.sync_api import Locator, Page


def fill_in(page: Page, label: str, value: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type(value)


def press(page: Page, what: Locator) -> None:
    tab_to(page, what)
    page.keyboard.press("Enter")


def tab_to(page: Page, what: Locator) -> None:
    for _ in range(150):
        if what.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The tabulator never reaches {what}.")
