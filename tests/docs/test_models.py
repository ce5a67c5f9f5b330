"""docs/models.md names every input of the model, with the reason it speaks for."""

import re

from scoring.domain.model_inputs import INPUTS
from tests.docs.documents import DOCS


def test_inputs_and_their_reasons_are_told():
    told = re.findall(r"^\| `(\w+)` \| `model\.(\w+)` \|", (DOCS / "models.md").read_text(), re.MULTILINE)

    assert told == [(each.name, each.group) for each in INPUTS]
