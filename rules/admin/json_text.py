"""JSON that somebody typed."""

import json
from collections.abc import Sequence

from django.core.exceptions import ValidationError


def read_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise ValidationError(f"This is not JSON: {error.msg} in line {error.lineno}.") from None
    except (ValueError, RecursionError):
        raise ValidationError("This is not JSON that can be read: it is too deep, or a number is too long.") from None


def _without_duplicates(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValidationError("A key stands twice in one group or condition. Remove one of the two.")
    return dict(pairs)
