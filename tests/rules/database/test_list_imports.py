"""Files of items: checked first, added when somebody says so, and by two people where it matters."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.models import AuditEntry
from rules.domain.lists import ItemType, Purpose
from rules.errors import ImportNotReady, OwnProposal
from rules.list_tasks import list_import_continue, list_imports_continue
from rules.models import List, ListImport, ListImportFault, ListImportLine, ListImportPart, ListItem
from rules.services import list_import_work as work
from rules.services.list_import_limits import import_takes_two
from rules.services.list_imports import (
    list_import_apply,
    list_import_refuse,
    list_import_stop,
    list_import_upload,
)
from rules.services.lists import list_item_add, list_save
from sentinel.core.csv_files import UnusableFile
from sentinel.core.errors import InvalidRequest

HOUR = timedelta(hours=1)
CARD = b"4111111111111111"
State = ListImport.State


@pytest.fixture
def upload(blocked_cards):
    def upload_as(content: bytes, **changes) -> ListImport:
        given = {
            "actor": "ana",
            "item_list": blocked_cards,
            "file_name": "cards.csv",
            "reason": "from the police",
            "expires_at": None,
            "now": timezone.now(),
            **changes,
        }
        return list_import_upload(content=[content], **given)

    return upload_as


@pytest.fixture
def check(upload):
    def check_file(content: bytes, **changes) -> ListImport:
        kept = upload(content, **changes)
        work.list_import_work(kept.pk)
        kept.refresh_from_db()
        return kept

    return check_file


@pytest.fixture
def trusted(db) -> List:
    item_list = List(name="trusted", item_type=ItemType.ACCOUNT, purpose=Purpose.ALLOW)
    list_save(actor="ana", item_list=item_list, now=timezone.now())
    return item_list


def apply(kept: ListImport, actor: str = "ana") -> None:
    list_import_apply(actor=actor, list_import=kept, now=timezone.now())


def on_the_list() -> set[str]:
    return set(ListItem.objects.valid_at(timezone.now()).values_list("value", flat=True))


def kept_of_imports() -> int:
    return sum(model.objects.count() for model in (ListImportPart, ListImportLine, ListImportFault))


def test_a_file_is_checked_first_and_then_added(check):
    kept = check(b"value,reason,expires_at\ntok_1,stolen,2099-01-31\ntok_2\n")

    assert (kept.state, kept.needs_approval) == (State.CHECKED, False)
    assert kept.counts == {"lines": 2, "new": 2, "renewed": 0, "known": 0, "repeated": 0, "invalid": 0}
    assert on_the_list() == set()

    apply(kept)
    assert work.list_import_work(kept.pk) == State.APPLIED

    items = ListItem.objects.order_by("value").values_list("value", "reason", "owner", "source", "expires_at__year")
    assert list(items) == [
        ("tok_1", "stolen", "ana", "import", 2099),
        ("tok_2", "from the police", "ana", "import", None),
    ]
    item_list = List.objects.get()
    assert (item_list.item_count, item_list.revision) == (2, 1)
    assert kept_of_imports() == 0
    entry = AuditEntry.objects.get(action="list_import.applied")
    assert entry.details["sha256"] == kept.file_sha256
    assert entry.details["added"] == 2


def test_what_is_known_expired_repeated_or_wrong_is_told_apart(check, blocked_cards):
    now = timezone.now()
    add = {"actor": "ben", "item_list": blocked_cards, "reason": "stolen"}
    list_item_add(value="tok_known", now=now, **add)
    list_item_add(value="tok_old", now=now - 2 * HOUR, expires_at=now - HOUR, **add)

    kept = check(b"tok_known\ntok_old\ntok_new\ntok_new\ntok_late,,2001-01-01\n,no value\na,b,c,d\n\n")

    assert kept.counts == {"lines": 7, "new": 2, "renewed": 1, "known": 1, "repeated": 1, "invalid": 3}
    assert [(error["line"], error["column"]) for error in kept.errors] == [(5, "expires_at"), (6, "value"), (7, "4")]
    apply(kept)
    work.list_import_work(kept.pk)
    assert on_the_list() == {"tok_known", "tok_old", "tok_new"}
    assert List.objects.get().item_count == 3


def test_it_is_added_chunk_by_chunk_can_be_stopped_and_goes_on(check, monkeypatch):
    monkeypatch.setattr(work, "CHUNK_LINES", 2)
    kept = check(b"".join(b"tok_%d\n" % number for number in range(5)))
    apply(kept)

    assert work._add_chunk(kept)
    list_import_stop(actor="ben", list_import=kept, now=timezone.now())
    assert work.list_import_work(kept.pk) == State.STOPPED
    assert on_the_list() == {"tok_0", "tok_1"}

    apply(kept)
    assert work.list_import_work(kept.pk) == State.APPLIED
    assert len(on_the_list()) == 5
    assert List.objects.get().revision == 3
    kept.refresh_from_db()
    assert kept.counts["added"] == 5


def test_a_check_that_was_cut_off_begins_again(check):
    kept = check(b"tok_1\ntok_2\n")
    part = ListImportPart(list_import=kept, number=0, content=b"tok_1\ntok_2\n")
    part.save()
    ListImport.objects.update(state=State.CHECKING)

    assert work.list_import_work(kept.pk) == State.CHECKED
    assert ListImportLine.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"tok_1\n" + CARD + b",stolen\n", "Line 2 holds a full card number. The file was not kept."),
        (b"tok_1\n4111 1111-1111 1111\n", "Line 2 holds a full card number."),
        ("tok_1\n４１１１１１１１１１１１１１１１\n".encode(), "Line 2 holds a full card number."),
    ],
)
def test_a_file_that_may_not_be_kept_is_refused_at_once(upload, content, words):
    with pytest.raises(UnusableFile, match=words):
        upload(content)

    assert (ListImport.objects.count(), kept_of_imports()) == (0, 0)


def test_a_file_that_is_too_large_is_refused_at_once(upload, settings):
    settings.LIST_IMPORT_BYTES_MAX = 10

    with pytest.raises(UnusableFile, match="larger than 10 bytes"):
        upload(b"tok_1\ntok_2\n")

    assert ListImport.objects.count() == 0


def test_a_file_without_line_ends_is_refused_at_once(blocked_cards):
    with pytest.raises(UnusableFile, match="longer than a megabyte"):
        list_import_upload(
            actor="ana",
            item_list=blocked_cards,
            file_name="cards.csv",
            content=(b"x" * 65_536 for _ in range(100)),
            reason="why",
            expires_at=None,
            now=timezone.now(),
        )

    assert ListImport.objects.count() == 0


@pytest.mark.parametrize("changes", [{"reason": " "}, {"expires_at": datetime(2001, 1, 1).astimezone()}])
def test_an_upload_without_a_reason_or_with_an_end_that_passed_is_refused(upload, changes):
    with pytest.raises(InvalidRequest):
        upload(b"tok_1\n", **changes)

    assert ListImport.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"tok_1\ntok\x002\n", "Line 2 holds NUL bytes"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "Near line 1 the file is not UTF-8 text."),
        ("tök_1\n".encode("latin-1"), "is not UTF-8 text"),
        (b"\n\n \n", "The file is empty."),
        (b"tok_1\n" + b"x" * 10_000 + b"\n", "Line 2 has over 4,000 characters."),
        (b'tok_1\n"tok_2\n', "Line 2 is not CSV: a quotation mark is opened and never closed"),
    ],
)
def test_a_file_that_cannot_be_read_fails_in_words_and_nothing_is_kept_of_it(check, content, words):
    kept = check(content)

    assert kept.state == State.FAILED
    assert words in kept.errors[0]["words"]
    assert kept_of_imports() == 0
    with pytest.raises(ImportNotReady):
        apply(kept)
    assert on_the_list() == set()


def test_a_file_with_too_many_lines_fails(check, settings):
    settings.LIST_IMPORT_LINES_MAX = 3

    assert check(b"value\n" + b"tok\n" * 3).state == State.CHECKED
    assert "over 3 lines" in check(b"tok\n" * 5).errors[0]["words"]


def test_a_file_of_another_type_has_nothing_to_add(check, db):
    countries = List(name="countries", item_type=ItemType.COUNTRY)
    list_save(actor="ana", item_list=countries, now=timezone.now())

    kept = check(b"Atlantis\nNarnia\n", item_list=countries)

    assert (kept.counts["invalid"], kept.counts["new"]) == (2, 0)
    with pytest.raises(ImportNotReady, match="nothing to add"):
        apply(kept)


def test_a_large_import_takes_a_second_person(check, settings):
    settings.LIST_IMPORT_APPROVAL_LINES = 1
    kept = check(b"tok_1\ntok_2\n")
    assert kept.state == State.AWAITING_APPROVAL

    with pytest.raises(OwnProposal):
        apply(kept, "ana")
    apply(kept, "ben")
    work.list_import_work(kept.pk)

    assert set(ListItem.objects.values_list("owner", "approved_by")) == {("ana", "ben")}


def lines(first: int, count: int) -> bytes:
    return b"".join(b"tok_%d\n" % number for number in range(first, first + count))


def add(kept: ListImport) -> None:
    apply(kept, kept.uploaded_by)
    assert work.list_import_work(kept.pk) == State.APPLIED


@pytest.fixture
def few_alone(settings) -> None:
    settings.LIST_IMPORT_APPROVAL_LINES = 5


def test_a_large_file_in_small_pieces_takes_a_second_person_too(check, few_alone):
    add(check(lines(0, 3)))
    add(check(lines(3, 2)))

    kept = check(lines(5, 1))

    assert kept.state == State.AWAITING_APPROVAL
    with pytest.raises(OwnProposal):
        apply(kept, "ana")
    assert len(on_the_list()) == 5
    apply(kept, "ben")
    work.list_import_work(kept.pk)
    assert len(on_the_list()) == 6


def test_pieces_that_were_all_checked_before_any_was_added_are_counted_as_well(check, few_alone):
    pieces = [check(lines(first, 3)) for first in (0, 3)]
    assert {piece.state for piece in pieces} == {State.CHECKED}
    apply(pieces[0])  # its lines are still to be added

    assert list_import_apply(actor="ana", list_import=pieces[1], now=timezone.now()) == State.AWAITING_APPROVAL

    work.list_import_work(pieces[0].pk)
    assert work.list_import_work(pieces[1].pk) == State.AWAITING_APPROVAL
    assert on_the_list() == {"tok_0", "tok_1", "tok_2"}
    assert AuditEntry.objects.get(action="list_import.held").details["list_import"] == pieces[1].pk
    with pytest.raises(OwnProposal):
        apply(pieces[1], "ana")


def test_one_person_counts_over_all_lists_and_a_list_over_all_persons(check, few_alone):
    other = List(name="other_cards", item_type=ItemType.CARD_TOKEN)
    list_save(actor="ana", item_list=other, now=timezone.now())
    add(check(lines(0, 4)))

    assert check(lines(4, 2), item_list=other).state == State.AWAITING_APPROVAL
    assert check(lines(4, 2), actor="ben").state == State.AWAITING_APPROVAL
    assert check(lines(4, 2), actor="ben", item_list=other).state == State.CHECKED


def test_the_day_after_and_what_two_people_added_do_not_count(check, few_alone):
    approved = check(lines(0, 6))
    apply(approved, "ben")
    work.list_import_work(approved.pk)
    add(check(lines(6, 5)))
    late = check(lines(11, 5))
    assert late.state == State.AWAITING_APPROVAL

    late.needs_approval = False
    assert import_takes_two(late, timezone.now() + 23 * HOUR)
    assert not import_takes_two(late, timezone.now() + 25 * HOUR)


def test_what_became_new_since_the_check_waits_for_a_second_person(check, blocked_cards):
    """A thousand known lines that were removed after the check: only the database still counts them."""
    add(check(lines(0, 1000)))
    kept = check(lines(0, 1001), actor="ben", reason="again")
    assert kept.counts["new"] == 1
    ListImport.objects.filter(pk=kept.pk).update(state=State.APPLYING, needs_approval=False, lines_done=0)
    ListItem.objects.update(removed_at=timezone.now(), removed_by="ana")

    assert work.list_import_work(kept.pk) == State.AWAITING_APPROVAL
    assert on_the_list() == set()


@pytest.mark.parametrize("batches", [[1001], [400, 400, 201]])
def test_the_database_too_counts_what_is_imported_alone(blocked_cards, batches):
    def item(number: int, **changes) -> ListItem:
        told = {"owner": "ana", "source": "import", "reason": "x", "created_at": timezone.now(), **changes}
        return ListItem(list=blocked_cards, value=f"tok_{number}", **told)

    old = timezone.now() - 25 * HOUR
    ListItem.objects.bulk_create([item(number, created_at=old) for number in range(500)])
    *fine, too_many = [
        [item(first * 2000 + number) for number in range(size)] for first, size in enumerate(batches, 1)
    ]
    for each in fine:
        ListItem.objects.bulk_create(each)
    with pytest.raises(IntegrityError, match="need a second person"), transaction.atomic():
        ListItem.objects.bulk_create(too_many)
    ListItem.objects.bulk_create(too_many[: 1000 - sum(batches[:-1])])
    ListItem.objects.bulk_create([item(99000 + number, approved_by="ben") for number in range(1001)])
    for changes in ({}, {"created_at": old}, {"owner": "cho"}):
        with pytest.raises(IntegrityError, match="need a second person"), transaction.atomic():
            item(5000, **changes).save()
    with pytest.raises(IntegrityError, match="stay as they are"), transaction.atomic():
        ListItem.objects.update(created_at=old)


def test_an_import_into_an_allow_list_takes_a_second_person(check, trusted):
    kept = check(b"acc_alice\n", item_list=trusted)

    assert kept.state == State.AWAITING_APPROVAL
    with pytest.raises(OwnProposal):
        apply(kept, "ana")
    assert work.list_import_work(kept.pk) == State.AWAITING_APPROVAL
    assert on_the_list() == set()


def test_the_database_too_wants_two_people(check, settings):
    settings.LIST_IMPORT_APPROVAL_LINES = 0
    kept = check(b"tok_1\n")

    for approved_by in ("", "ana"):
        with pytest.raises(IntegrityError, match="list_import_two_people"), transaction.atomic():
            ListImport.objects.filter(pk=kept.pk).update(state=State.APPLYING, approved_by=approved_by)


def test_a_refused_import_ends_and_nothing_is_kept_of_it(check):
    kept = check(b"tok_1\n")
    with pytest.raises(InvalidRequest):
        list_import_refuse(actor="ben", list_import=kept, note=" ", now=timezone.now())

    list_import_refuse(actor="ben", list_import=kept, note="the wrong file", now=timezone.now())

    with pytest.raises(ImportNotReady):
        apply(kept)
    assert work.list_import_work(kept.pk) == State.REFUSED
    assert (on_the_list(), kept_of_imports()) == (set(), 0)
    assert AuditEntry.objects.get(action="list_import.refused").details["note"] == "the wrong file"


def test_an_import_whose_message_was_lost_is_found_again(upload, monkeypatch):
    told: list[int] = []
    monkeypatch.setattr("rules.list_tasks.list_import_continue.delay", told.append)
    kept = upload(b"tok_1\n")

    list_imports_continue()
    assert told == [kept.pk]

    assert list_import_continue(kept.pk) == State.CHECKED
    list_imports_continue()
    assert told == [kept.pk]
