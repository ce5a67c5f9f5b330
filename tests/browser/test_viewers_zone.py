"""The browser says its zone, and pages are in it from then on."""

from tests.browser.conftest import unique


def test_pages_are_in_the_zone_of_the_browser(new_page, log_in, axe):
    page = new_page(timezone_id="Asia/Kolkata")
    log_in(page, unique("zoe"), "ledger.view_auditentry")

    assert page.locator("#footer").inner_text().startswith("Times are in Calcutta time")
    page.goto("/admin/ledger/auditentry/")
    assert "(Calcutta time)" in page.locator("#result_list thead").inner_text()
    assert axe(page) == []


def test_the_zone_follows_a_traveller(new_page, log_in):
    page = new_page(timezone_id="Europe/Berlin")
    log_in(page, unique("zed"))
    page.evaluate("document.cookie = 'zone=Asia/Tokyo; Path=/'")

    page.reload()  # shown as the cookie says, and put right
    page.reload()

    assert "Berlin time" in page.locator("#footer").inner_text()
