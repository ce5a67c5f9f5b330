"""Lists as people work with them: files in and out, what waits for a second person, and from a payment."""

import csv
import io
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from kombu.exceptions import OperationalError

from ledger.models import AuditEntry
from rules.admin.list_export import items_response
from rules.domain.list_files import COLUMNS, Defaults, FileLine, item_row, read_lines
from rules.domain.lists import ItemType, Purpose
from rules.models import List, ListImport, ListItem, ListProposal
from rules.services.list_import_work import list_import_work
from rules.services.lists import NewItem, list_item_add, list_item_submit, list_save
from sentinel.core.card_numbers import contains_card_number

LISTS = ("rules.view_list", "rules.view_listitem", "rules.add_listitem", "rules.view_listimport")
APPROVER = (*LISTS, "rules.view_listproposal", "rules.approve_listitem")
NOW = timezone.now()


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    """Imports are worked at when a test says so."""
    told: list[int] = []
    monkeypatch.setattr("rules.admin.list_imports.list_import_continue.delay", told.append)
    return told


@pytest.fixture
def make_list(db):
    def make(name="blocked_test", item_type=ItemType.CARD_TOKEN, purpose=Purpose.BLOCK) -> List:
        item_list = List(name=name, item_type=item_type, purpose=purpose)
        list_save(actor="cho", item_list=item_list, now=NOW)
        return item_list

    return make


@pytest.fixture
def cards(make_list):
    return make_list()


@pytest.fixture
def analyst(sign_in):
    return sign_in("ana", *LISTS)


@pytest.fixture
def approver(sign_in):
    return sign_in("ben", *APPROVER)


def upload(person, item_list, content=b"tok_1\ntok_2\n,\nbad,,2001-01-01\n", **changes):
    form = {"file": SimpleUploadedFile("cards.csv", content), "reason": "police", "until": "", **changes}
    return person.post(reverse("admin:rules_list_import", args=[item_list.pk]), form)


def act(person, kept, step, **form):
    return person.post(reverse("admin:rules_listimport_act", args=[kept.pk, step]), form, follow=True)


def page_of(person, kept) -> str:
    return person.get(reverse("admin:rules_listimport_change", args=[kept.pk])).content.decode()


def values(item_list) -> set[str]:
    return set(item_list.items.valid_at(timezone.now()).values_list("value", flat=True))


def test_a_file_is_uploaded_checked_looked_at_and_added(analyst, cards, no_worker):
    upload(analyst, cards)
    kept = ListImport.objects.get(list=cards)
    assert no_worker == [kept.pk]
    assert 'http-equiv="refresh"' in page_of(analyst, kept)

    list_import_work(kept.pk)
    page = page_of(analyst, kept)
    assert "tok_2" in page
    assert "This has passed already." in page
    assert 'http-equiv="refresh"' not in page
    faults = async_to_sync(_read)(analyst.get(reverse("admin:rules_listimport_faults", args=[kept.pk])))
    assert [row[:2] for row in csv.reader(io.StringIO(faults))] == [["line", "column"], ["4", "expires_at"]]
    assert values(cards) == set()

    assert "being added" in act(analyst, kept, "apply").content.decode()
    list_import_work(kept.pk)
    assert "Added 2 items" in page_of(analyst, kept)
    assert values(cards) == {"tok_1", "tok_2"}


def test_a_file_is_kept_when_the_workers_cannot_be_reached(analyst, cards, monkeypatch):
    def refuse(import_id: int) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr("rules.admin.list_imports.list_import_continue.delay", refuse)

    upload(analyst, cards)

    kept = ListImport.objects.get(list=cards)
    assert kept.state == ListImport.State.UPLOADED
    assert "The workers cannot be reached just now." in page_of(analyst, kept)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content": b""}, "The submitted file is empty."),
        ({"content": b"4111111111111111\n"}, "Line 1 holds a full card number."),
        ({"reason": ""}, "This field is required."),
        ({"until": "2001-01-01"}, "Choose a day in the future"),
    ],
)
def test_a_file_that_may_not_be_kept_is_refused_on_its_page(analyst, cards, changes, words, no_worker):
    page = upload(analyst, cards, **changes)

    assert words in page.content.decode()
    assert ListImport.objects.filter(list=cards).count() == 0
    assert no_worker == []


def test_a_large_import_is_approved_by_a_colleague(analyst, approver, cards, settings):
    settings.LIST_IMPORT_APPROVAL_LINES = 1
    upload(approver, cards)
    kept = ListImport.objects.get(list=cards)
    list_import_work(kept.pk)

    assert "You uploaded it: ask a colleague." in page_of(approver, kept)
    assert "Somebody else has to approve what you uploaded." in act(approver, kept, "apply").content.decode()
    assert act(analyst, kept, "apply").status_code == 403
    list_import_work(kept.pk)
    assert values(cards) == set()


def test_an_import_that_takes_two_since_it_was_checked_is_not_added(analyst, cards, settings, no_worker):
    upload(analyst, cards)
    kept = ListImport.objects.get(list=cards)
    list_import_work(kept.pk)
    no_worker.clear()
    settings.LIST_IMPORT_APPROVAL_LINES = 0

    assert "a second person has to approve this" in act(analyst, kept, "apply").content.decode()

    list_import_work(kept.pk)
    assert (values(cards), no_worker) == (set(), [])
    assert "A second person has to approve this" in page_of(analyst, kept)


def test_an_import_is_undone_on_its_page(analyst, approver, sign_in, cards, settings):
    upload(analyst, cards)
    kept = ListImport.objects.get(list=cards)
    list_import_work(kept.pk)
    act(analyst, kept, "apply")
    list_import_work(kept.pk)
    added = values(cards)
    settings.LIST_IMPORT_APPROVAL_LINES = 0
    remover = sign_in("rob", "rules.view_list", "rules.view_listimport", "rules.delete_listitem")

    assert act(analyst, kept, "undo", note="wrong").status_code == 403
    assert "Undo the import" not in page_of(analyst, kept)
    assert "Say why." in act(remover, kept, "undo", note="").content.decode()
    assert "rob asks to undo it" in act(remover, kept, "undo", note="the wrong file").content.decode()
    assert act(remover, kept, "approve-undo").status_code == 403
    assert values(cards) == added

    act(approver, kept, "approve-undo")
    list_import_work(kept.pk)
    assert values(cards) == set()
    assert "Asked for by rob, approved by ben: the wrong file" in page_of(analyst, kept)


def test_an_import_is_refused_with_a_reason(analyst, cards):
    upload(analyst, cards)
    kept = ListImport.objects.get(list=cards)
    list_import_work(kept.pk)

    assert "Say why." in act(analyst, kept, "refuse", note="").content.decode()
    assert "the wrong file" in act(analyst, kept, "refuse", note="the wrong file").content.decode()
    assert values(cards) == set()


def test_whoever_may_only_look_neither_uploads_nor_adds(sign_in, analyst, cards):
    upload(analyst, cards)
    kept = ListImport.objects.get(list=cards)
    list_import_work(kept.pk)
    viewer = sign_in("vic", "rules.view_list", "rules.view_listimport")

    assert upload(viewer, cards).status_code == 403
    assert act(viewer, kept, "apply").status_code == 403
    assert viewer.get(reverse("admin:rules_list_export", args=[cards.pk])).status_code == 403
    assert viewer.get(reverse("admin:rules_listimport_act", args=[kept.pk, "apply"])).status_code == 404
    assert (ListImport.objects.filter(list=cards).count(), values(cards)) == (1, set())


def test_what_is_proposed_is_approved_by_a_colleague(approver, sign_in, make_list):
    trusted = make_list("trusted_test", ItemType.ACCOUNT, Purpose.ALLOW)
    proposal = list_item_submit(actor="ana", item_list=trusted, wanted=NewItem("acc_1", "ours"), now=NOW)
    own = list_item_submit(actor="ben", item_list=trusted, wanted=NewItem("acc_2", "ours"), now=NOW)
    assert "acc_1" in approver.get(reverse("admin:rules_listproposal_changelist")).content.decode()
    decide = f"{reverse('admin:rules_listproposal_decide', args=['approve'])}?ids={proposal.pk},{own.pk}"
    assert sign_in("vic", "rules.view_listproposal").post(decide, {"note": "fine"}).status_code == 403

    page = approver.post(decide, {"note": "fine"}, follow=True).content.decode()

    assert "Approved: acc_1." in page
    assert "Acc_2 was left as it is: You proposed it. Somebody else has to approve it." in page
    assert values(trusted) == {"acc_1"}


def test_a_proposal_is_refused(approver, make_list):
    trusted = make_list("trusted_test", ItemType.ACCOUNT, Purpose.ALLOW)
    proposal = list_item_submit(actor="ana", item_list=trusted, wanted=NewItem("acc_1", "ours"), now=NOW)

    approver.post(f"{reverse('admin:rules_listproposal_decide', args=['refuse'])}?ids={proposal.pk}", {"note": "no"})

    assert ListProposal.objects.get(pk=proposal.pk).state == "refused"
    assert values(trusted) == set()


def test_the_lists_show_how_much_is_on_them_and_what_waits(approver, make_list):
    trusted = make_list("trusted_test", ItemType.ACCOUNT, Purpose.ALLOW)
    list_item_submit(actor="ana", item_list=trusted, wanted=NewItem("acc_1", "ours"), now=NOW)

    page = approver.get(reverse("admin:rules_list_changelist")).content.decode()

    assert f'<a href="/admin/rules/listproposal/?list__id__exact={trusted.pk}&amp;state=proposed">1</a>' in page
    assert "let payments pass" in page


def test_items_are_found_by_how_they_begin_and_by_state(analyst, cards):
    soon, past = NOW + timedelta(days=1), NOW - timedelta(days=2)
    list_item_add(actor="ana", item_list=cards, value="tok_a1", reason="x", now=NOW)
    list_item_add(actor="ana", item_list=cards, value="tok_b1", reason="x", expires_at=soon, now=NOW)
    gone = past + timedelta(days=1)
    list_item_add(actor="ana", item_list=cards, value="tok_c1", reason="x", expires_at=gone, now=past)

    def found(**query):
        page = analyst.get(reverse("admin:rules_listitem_changelist"), query | {"list__id__exact": cards.pk})
        return {value for value in ("tok_a1", "tok_b1", "tok_c1") if value in page.content.decode()}

    assert found(state="valid") == {"tok_a1", "tok_b1"}
    assert found(state="soon") == {"tok_b1"}
    assert found(state="expired") == found(state="ended") == {"tok_c1"}
    assert len(ListItem.objects.filter(list=cards)) == 3
    page = analyst.get(reverse("admin:rules_listitem_changelist"), {"q": "tok_a"}).content.decode()
    assert "tok_a1" in page
    assert "tok_b1" not in page


# -- files out


async def _read(response) -> str:
    return b"".join([part async for part in response.streaming_content]).decode("utf-8-sig")


def test_an_export_holds_what_is_valid_and_nothing_a_spreadsheet_would_run(make_list, monkeypatch):
    monkeypatch.setattr("rules.admin.list_export.ROWS_PER_PAGE", 2)
    names = make_list("names_test", ItemType.TEXT)
    for value in ("=1+1", "@sum", "plain", "'=quoted", "-5"):
        list_item_add(actor="ana", item_list=names, value=value, reason="=cmd", now=timezone.now())

    text = async_to_sync(_read)(items_response(names, now=timezone.now()))

    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == list(COLUMNS)
    assert sorted(row[0] for row in rows[1:]) == sorted(["'=1+1", "'@sum", "plain", "''=quoted", "'-5"])
    assert {row[1] for row in rows[1:]} == {"'=cmd"}


def test_an_export_can_be_imported_again(analyst, make_list):
    names, copy = make_list("names_test", ItemType.TEXT), make_list("copy_test", ItemType.TEXT)
    for value in ("=1+1", "'=quoted", 'a "b", c;d'):
        list_item_add(actor="ana", item_list=names, value=value, reason="why", now=timezone.now())
    text = async_to_sync(_read)(items_response(names, now=timezone.now()))

    upload(analyst, copy, text.encode())
    kept = ListImport.objects.get(list=copy)
    list_import_work(kept.pk)
    act(analyst, kept, "apply")
    list_import_work(kept.pk)

    assert values(copy) == values(names)


printable = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(str.strip)
texts = printable.filter(lambda text: text and text.isprintable() and not contains_card_number(text))


@given(texts, texts, st.none() | st.datetimes(NOW.replace(tzinfo=None) + timedelta(days=1)))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_read_again(value, reason, until):
    expires_at = until and until.replace(tzinfo=NOW.tzinfo)
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, item_row(value, reason, expires_at)])
    content = f"\ufeff{text.getvalue()}".encode()

    for parts in ([content], [content[place : place + 3] for place in range(0, len(content), 3)]):
        lines = list(read_lines(parts, ItemType.TEXT, Defaults("", None, NOW), lines_max=10))
        assert lines == [FileLine(2, value, reason, expires_at)]


# -- from a payment

CASE = ("ledger.view_transaction", "ledger.view_personaldetail", "rules.add_listitem")


def payment_page(person, payment) -> str:
    return person.get(reverse("admin:ledger_transaction_change", args=[payment.pk])).content.decode()


def add_from(person, payment, target, **changes):
    form = {"target": target, "reason": "confirmed fraud", "days": "30", **changes}
    url = reverse("admin:rules_list_from_payment", args=[payment.pk])
    return person.post(url, form, follow=True)


def test_a_reviewer_puts_the_card_of_a_payment_on_a_list(sign_in, cards, held):
    reviewer = sign_in("ravi", *CASE)
    assert "This card: tok_•••" in payment_page(reviewer, held)

    page = add_from(reviewer, held, f"card_token:{cards.pk}").content.decode()

    assert "The card is on blocked_test, from the next payment on." in page
    item = cards.items.get()
    assert (item.value, item.source, item.owner) == ("tok_9f", "case", "ravi")
    assert timedelta(days=29) < item.expires_at - timezone.now() <= timedelta(days=30)
    entry = AuditEntry.objects.get(action="list_item.added", subject="list:blocked_test")
    assert entry.details["transaction"] == held.public_id


def test_from_a_payment_too_an_allow_list_takes_a_second_person(sign_in, make_list, held):
    trusted = make_list("trusted_test", ItemType.ACCOUNT, Purpose.ALLOW)

    page = add_from(sign_in("ravi", *CASE), held, f"account:{trusted.pk}", days="").content.decode()

    assert "A second person has to approve it." in page
    assert values(trusted) == set()


def test_nothing_is_added_by_a_form_that_is_not_complete(sign_in, cards, held):
    reviewer = sign_in("ravi", *CASE)

    for changes in ({"reason": ""}, {"target": "device:1"}, {"target": f"account:{cards.pk}"}, {"days": "9999"}):
        page = add_from(reviewer, held, **{"target": f"card_token:{cards.pk}", **changes}).content.decode()
        assert "Nothing was added." in page
    assert values(cards) == set()


def test_whoever_may_not_see_the_card_cannot_list_it(sign_in, cards, held):
    person = sign_in("pat", "ledger.view_transaction", "rules.add_listitem")

    assert "tok_9f" not in payment_page(person, held)
    add_from(person, held, f"card_token:{cards.pk}")

    assert values(cards) == set()


def test_without_the_permission_there_is_no_panel_and_nothing_is_added(sign_in, cards, held):
    person = sign_in("pat", "ledger.view_transaction", "ledger.view_personaldetail")

    assert "Add to a list" not in payment_page(person, held)
    assert add_from(person, held, f"card_token:{cards.pk}").status_code == 403
    assert values(cards) == set()
