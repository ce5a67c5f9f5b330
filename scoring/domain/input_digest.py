"""A name for what a model reads: when a definition it was trained with has changed, the digest is another one."""

from collections.abc import Sequence
from hashlib import sha256

from scoring.domain.families import CARD, Family


def input_digest(forest: Sequence[str], classifier: Sequence[str], family: Family = CARD) -> str:
    """Over names and order, the fields' types and places, and the reasons they speak for; as hexadecimal SHA-256.

    Errors: KeyError for an input that does not exist.
    """
    told = [f"forest {name} {family.forest_groups[name]}" for name in forest]
    told += [f"classifier {name} {family.told(name)} {family.classifier_groups[name]}" for name in classifier]
    return sha256("\n".join(told).encode()).hexdigest()
