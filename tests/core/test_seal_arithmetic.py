"""Trees of hashes, and the paths through them."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.seal import NOTHING_BEFORE, BlockFacts, inclusion_path, leaf_digest, merkle_root, root_by_path

FACTS = BlockFacts(7, 3, bytes(32), NOTHING_BEFORE, datetime(2026, 1, 31, 12, tzinfo=UTC), is_late=False)
leaves_of_a_block = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def test_a_tree_of_three_is_split_behind_the_second():
    one, two, three = (bytes([each]) * 32 for each in (1, 2, 3))
    pair = sha256(b"\x01" + one + two).digest()

    assert merkle_root([one]) == one
    assert merkle_root([one, two, three]) == sha256(b"\x01" + pair + three).digest()


def test_a_leaf_is_told_from_a_node():
    assert leaf_digest("audit", "[1]") == sha256(b"\x00audit\n[1]").digest()


@given(leaves_of_a_block, st.data())
def test_every_leaf_leads_to_the_root(leaves, data):
    position = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_path(leaves, position)

    assert root_by_path(leaves[position], path) == merkle_root(leaves)
    assert len(path) <= (len(leaves) - 1).bit_length()


@given(leaves_of_a_block, st.data())
def test_no_other_leaf_does(leaves, data):
    position = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.binary(min_size=32, max_size=32).filter(lambda drawn: drawn != leaves[position]))
    changed = [*leaves[:position], other, *leaves[position + 1 :]]

    assert root_by_path(other, inclusion_path(leaves, position)) != merkle_root(leaves)
    assert merkle_root(changed) != merkle_root(leaves)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 8},
        {"leaves": 4},
        {"root": bytes([1]) * 32},
        {"previous": bytes([1]) * 32},
        {"sealed_at": datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)},
        {"is_late": True},
    ],
)
def test_the_head_speaks_of_all_that_a_block_is(change):
    assert replace(FACTS, **change).head != FACTS.head
