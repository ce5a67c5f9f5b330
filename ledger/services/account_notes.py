"""What people write of an account, for whoever looks at it next."""

from datetime import datetime

from django.db import transaction

from ledger.models import Account, AccountNote
from ledger.models.account_notes import NOTE_CHARACTERS_MAX
from ledger.services.card_numbers import card_numbers_refuse
from sentinel.core.errors import FieldError, InvalidRequest


@transaction.atomic
def account_note_add(*, account: Account, author: str, text: str, now: datetime) -> AccountNote:
    """Errors: InvalidRequest for an empty or long note, a card number, or one of the bank's own accounts."""
    card_numbers_refuse(note=text)
    said = text.strip()
    if not 0 < len(said) <= NOTE_CHARACTERS_MAX or "\0" in said:
        _refuse(f"Write a note of at most {NOTE_CHARACTERS_MAX:,} characters.", "wrong_length")
    if account.kind == Account.Kind.SYSTEM:
        _refuse("Notes are of customers' accounts.", "not_allowed")
    return AccountNote.objects.create(account=account, author=author, text=said, recorded_at=now)


def _refuse(words: str, code: str) -> None:
    raise InvalidRequest(words, errors=[FieldError("note", code, words)])
