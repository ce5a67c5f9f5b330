"""Full card numbers are refused wherever people write text, as the API refuses them in every field of a request."""

from sentinel.core.card_numbers import contains_card_number
from sentinel.core.errors import FieldError, InvalidRequest

CARD_NUMBER_WORDS = "This looks like a full card number. Write a token, the BIN or the last four digits instead."


def card_numbers_refuse(**texts: str) -> None:
    """Errors: InvalidRequest, which names the texts that hold a card number."""
    errors = [
        FieldError(name, "card_number", CARD_NUMBER_WORDS)
        for name, text in texts.items()
        if contains_card_number(text)
    ]
    if errors:
        raise InvalidRequest(CARD_NUMBER_WORDS, errors=errors)
