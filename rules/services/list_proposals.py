"""What a second person says to a proposed item."""

from datetime import datetime

from django.db import transaction

from ledger.services.card_numbers import card_numbers_refuse
from rules.errors import AlreadyDecided, OwnProposal
from rules.models import ListItem, ListProposal
from rules.services.list_changes import list_audit, list_lock
from rules.services.lists import item_put
from sentinel.core.errors import FieldError, InvalidRequest

State = ListProposal.State


@transaction.atomic
def proposal_approve(*, actor: str, proposal: ListProposal, note: str, now: datetime) -> ListItem:
    """The item, which counts from now.

    Errors: OwnProposal, AlreadyDecided, AlreadyListed; InvalidRequest for a card number, or when it has expired.
    Locks: the list's row, then the proposal's.
    """
    card_numbers_refuse(note=note)
    locked = list_lock(proposal.list)
    waiting = _waiting(proposal)
    if waiting.proposed_by == actor:
        raise OwnProposal("You proposed it. Somebody else has to approve it.")
    if waiting.expires_at and waiting.expires_at <= now:
        words = f"{waiting.value} was proposed until a moment that has passed. Refuse it, and propose it anew."
        raise InvalidRequest(words, errors=[FieldError("expires_at", "expired", words)])
    item = ListItem(
        list=locked,
        value=waiting.value,
        reason=waiting.reason,
        source=waiting.source,
        owner=waiting.proposed_by,
        approved_by=actor,
        created_at=now,
        expires_at=waiting.expires_at,
    )
    item_put(locked, item, now)
    _decide(waiting, State.APPROVED, actor, note, now)
    list_audit(actor, "list_item.approved", locked, now, proposal=waiting.pk, item=item.pk, note=note)
    return item


@transaction.atomic
def proposal_refuse(*, actor: str, proposal: ListProposal, note: str, now: datetime) -> None:
    """Whoever proposed it may refuse it too: so it is taken back. Errors: AlreadyDecided, InvalidRequest."""
    card_numbers_refuse(note=note)
    if not note.strip():
        raise InvalidRequest("Say why.", errors=[FieldError("note", "required", "Say why.")])
    waiting = _waiting(proposal)
    _decide(waiting, State.REFUSED, actor, note, now)
    list_audit(actor, "list_item.refused", waiting.list, now, proposal=waiting.pk, note=note)


def _waiting(proposal: ListProposal) -> ListProposal:
    waiting = ListProposal.objects.select_for_update(of=("self",)).select_related("list").get(pk=proposal.pk)
    if waiting.state != State.PROPOSED:
        raise AlreadyDecided(f"{waiting.decided_by} has {waiting.state} it already.")
    return waiting


def _decide(waiting: ListProposal, state: ListProposal.State, actor: str, note: str, now: datetime) -> None:
    waiting.state, waiting.decided_by, waiting.decided_at, waiting.note = state, actor, now, note
    waiting.save(update_fields=["state", "decided_by", "decided_at", "note"])
