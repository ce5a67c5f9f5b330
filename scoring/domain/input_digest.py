"""A name for what a model reads: when a definition it was trained with has changed, the digest is another one."""

from collections.abc import Sequence
from hashlib import sha256

from scoring.domain.classifier_inputs import GROUP_OF
from scoring.domain.forest_inputs import INPUTS_BY_NAME
from sentinel.core.catalogue import BY_NAME, PACKED_INDEX


def input_digest(forest: Sequence[str], classifier: Sequence[str]) -> str:
    """Over names and order, the fields' types and places, and the reasons they speak for; as hexadecimal SHA-256.

    Errors: KeyError for an input that does not exist.
    """
    told = [f"forest {name} {INPUTS_BY_NAME[name].group}" for name in forest]
    told += [f"classifier {name} {BY_NAME[name].type} {PACKED_INDEX[name]} {GROUP_OF[name]}" for name in classifier]
    return sha256("\n".join(told).encode()).hexdigest()
