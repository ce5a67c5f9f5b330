"""An import is undone: exactly what it added ends, by two people where that loosens much."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.models import AuditEntry
from rules.domain.lists import ItemType, Purpose
from rules.errors import ImportNotReady, OwnProposal
from rules.models import List, ListImport, ListItem
from rules.services import list_import_undo as undoing
from rules.services import list_import_work as work
from rules.services.list_import_undo import (
    list_import_undo,
    list_import_undo_approve,
    list_import_undo_refuse,
)
from rules.services.list_imports import list_import_apply, list_import_refuse, list_import_stop, list_import_upload
from rules.services.lists import list_item_add, list_item_remove, list_save
from sentinel.core.errors import InvalidRequest

State = ListImport.State


@pytest.fixture
def uploaded(blocked_cards):
    """Checked, by ana."""

    def upload(content: bytes, item_list: List = blocked_cards) -> ListImport:
        kept = list_import_upload(
            actor="ana",
            item_list=item_list,
            file_name="cards.csv",
            content=[content],
            reason="from the police",
            expires_at=None,
            now=timezone.now(),
        )
        work.list_import_work(kept.pk)
        kept.refresh_from_db()
        return kept

    return upload


@pytest.fixture
def imported(uploaded):
    """Added; approved by ben where that was needed."""

    def bring(*arguments) -> ListImport:
        kept = uploaded(*arguments)
        list_import_apply(actor="ben" if kept.needs_approval else "ana", list_import=kept, now=timezone.now())
        work.list_import_work(kept.pk)
        kept.refresh_from_db()
        return kept

    return bring


def undo(kept: ListImport, actor: str = "ana", note: str = "the wrong file") -> State:
    list_import_undo(actor=actor, list_import=kept, note=note, now=timezone.now())
    work.list_import_work(kept.pk)
    kept.refresh_from_db()
    return State(kept.state)


def approve(kept: ListImport, actor: str) -> State:
    list_import_undo_approve(actor=actor, list_import=kept, now=timezone.now())
    return State(work.list_import_work(kept.pk))


def on_the_list() -> set[str]:
    return set(ListItem.objects.valid_at(timezone.now()).values_list("value", flat=True))


def test_exactly_what_it_added_and_is_still_there_ends(imported, blocked_cards, monkeypatch):
    monkeypatch.setattr(work, "CHUNK_LINES", 2)
    monkeypatch.setattr(undoing, "CHUNK_ITEMS", 2)
    now = timezone.now()
    add = {"actor": "cho", "item_list": blocked_cards, "reason": "stolen"}
    list_item_add(value="tok_mine", now=now, **add)
    list_item_add(value="tok_old", now=now - timedelta(hours=2), expires_at=now - timedelta(hours=1), **add)
    kept = imported(b"tok_1\ntok_2\ntok_3\ntok_mine\ntok_old\n")
    other = imported(b"tok_4\n")
    list_item_remove(actor="cho", item=ListItem.objects.get(value="tok_1"), now=timezone.now())
    list_item_add(value="tok_1", now=timezone.now(), **add)

    assert undo(kept) == State.UNDONE

    assert on_the_list() == {"tok_mine", "tok_1", "tok_4"}
    assert (kept.counts["added"], kept.counts["undone"]) == (4, 3)
    ended = ListItem.objects.filter(removed_by="ana").values_list("value", flat=True)
    assert set(ended) == {"tok_2", "tok_3", "tok_old"}
    assert List.objects.get().item_count == 3
    assert AuditEntry.objects.get(action="list_import.undone").details["undone"] == 3
    assert other.state == State.APPLIED


def test_it_is_undone_once_and_with_a_reason(imported):
    kept = imported(b"tok_1\n")
    with pytest.raises(InvalidRequest):
        undo(kept, note=" ")
    assert on_the_list() == {"tok_1"}
    undo(kept)

    with pytest.raises(ImportNotReady, match="is undone"):
        undo(kept)


def test_an_import_that_added_nothing_has_nothing_to_undo(uploaded):
    kept = uploaded(b"tok_1\n")

    with pytest.raises(ImportNotReady, match="nothing to undo"):
        undo(kept)
    list_import_refuse(actor="ana", list_import=kept, note="no", now=timezone.now())
    with pytest.raises(ImportNotReady, match="nothing to undo"):
        undo(kept)


def test_what_a_stopped_import_added_is_undone_once_it_was_refused(uploaded, monkeypatch):
    monkeypatch.setattr(work, "CHUNK_LINES", 1)
    kept = uploaded(b"tok_1\ntok_2\n")
    list_import_apply(actor="ana", list_import=kept, now=timezone.now())
    assert work._add_chunk(kept)
    list_import_stop(actor="ana", list_import=kept, now=timezone.now())
    with pytest.raises(ImportNotReady, match="stopped"):
        undo(kept)
    list_import_refuse(actor="ana", list_import=kept, note="wrong", now=timezone.now())

    assert undo(kept) == State.UNDONE
    assert on_the_list() == set()


def test_what_two_people_added_to_a_block_list_is_undone_by_two(imported, settings):
    settings.LIST_IMPORT_APPROVAL_LINES = 1
    kept = imported(b"tok_1\ntok_2\n")
    settings.LIST_IMPORT_APPROVAL_LINES = 100

    assert undo(kept, "ana") == State.UNDO_ASKED
    with pytest.raises(OwnProposal):
        approve(kept, "ana")
    assert len(on_the_list()) == 2

    assert approve(kept, "ben") == State.UNDONE
    assert on_the_list() == set()


def test_many_small_ones_within_a_day_are_undone_by_two(imported, settings):
    first, second = imported(b"tok_1\ntok_2\n"), imported(b"tok_3\ntok_4\n")
    settings.LIST_IMPORT_APPROVAL_LINES = 3

    assert undo(first) == State.UNDONE
    assert undo(second) == State.UNDO_ASKED

    list_import_undo_refuse(actor="ben", list_import=second, now=timezone.now())
    second.refresh_from_db()
    assert (second.state, on_the_list()) == (State.APPLIED, {"tok_3", "tok_4"})
    with pytest.raises(ImportNotReady):
        approve(second, "ben")


def test_what_lets_payments_pass_is_undone_by_one(imported):
    trusted = List(name="trusted", item_type=ItemType.ACCOUNT, purpose=Purpose.ALLOW)
    list_save(actor="ana", item_list=trusted, now=timezone.now())
    kept = imported(b"acc_1\n", trusted)
    assert kept.approved_by == "ben"

    assert undo(kept, "ana") == State.UNDONE
    assert on_the_list() == set()


def test_the_database_too_wants_two_people(imported, settings):
    settings.LIST_IMPORT_APPROVAL_LINES = 0
    kept = imported(b"tok_1\n")
    assert undo(kept) == State.UNDO_ASKED

    for undone_by in ("", "ana"):
        with pytest.raises(IntegrityError, match="list_import_undo_two_people"), transaction.atomic():
            ListImport.objects.filter(pk=kept.pk).update(state=State.UNDOING, undone_by=undone_by)
    assert on_the_list() == {"tok_1"}
