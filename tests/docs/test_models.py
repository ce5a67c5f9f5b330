"""docs/models.md names each input of the model with the reason it speaks for, and each line of the gate in order."""

import re

from scoring.domain.classifier_inputs import INPUT_GROUPS
from scoring.domain.forest_inputs import INPUTS
from scoring.domain.gate import judge
from scoring.domain.mobile_money.inputs import INPUTS as MOBILE_INPUTS
from tests.docs.documents import DOCS
from tests.scoring.gates import FACTS, measured_rows


def test_inputs_and_their_reasons_are_told():
    told = re.findall(r"^\| `(\w+)` \| `model\.(\w+)` \|", (DOCS / "models.md").read_text(), re.MULTILINE)

    assert told == [(each.name, each.group) for each in INPUTS]


def test_inputs_of_classifiers_are_told_by_the_reason_they_speak_for():
    section = (DOCS / "models.md").read_text().split("### Of a classifier")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `model\.(\w+)` \| (.*) \|$", section, re.MULTILINE)
    told = {group: re.findall(r"`(\w+)`", names) for group, names in rows}

    assert told == {group: list(names) for group, names in INPUT_GROUPS.items()}


def test_inputs_of_mobile_money_are_told_by_the_reason_they_speak_for():
    section = (DOCS / "models.md").read_text().split("## Mobile money")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `model\.(\w+)` \| (.*) \|$", section, re.MULTILINE)
    told = {group: re.findall(r"`(\w+)`", names) for group, names in rows}

    groups = dict.fromkeys(each.group for each in MOBILE_INPUTS)
    assert told == {group: [each.name for each in MOBILE_INPUTS if each.group == group] for group in groups}


def test_the_lines_of_the_gate_are_told_in_order():
    section = (DOCS / "models.md").read_text().split("## The gate")[1].split("\n## ")[0]
    told = re.findall(r"^\| `([\w.]+)(?:…)?` \|", section, re.MULTILINE)
    lines = [re.sub(r"^segment\..*", "segment.", line.code) for line in judge(measured_rows(), FACTS).lines]

    assert told == list(dict.fromkeys(lines))
