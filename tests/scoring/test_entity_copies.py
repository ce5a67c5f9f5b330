"""States of entities that a process keeps: as quick answers, never as the truth."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.entities import KINDS, EntityKind, EntityState
from scoring.services.entities import READY, Entities, Marker
from scoring.services.entity_copies import EntityCopies
from tests.scoring.test_entities import PAYMENT, START, merchant_of, payments, record, requests, values_of

KEY = b"a merchant"
LATER = replace(PAYMENT, occurred_at=START + timedelta(days=3))


def stored(*past) -> bytes:
    return merchant_of(past).to_base()


def seen(state: EntityState) -> object:
    return values_of(LATER, state)["merchant_payments_30d"]


@given(payments, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 60))
def test_a_copy_that_was_brought_up_to_date_says_what_reading_anew_says(rows, cuts, in_base):
    past = requests(rows)
    base, behind = stored(*past[:in_base]), [record(each) for each in past[in_base:]]
    latest = max((each.occurred_at for each in past), default=START)
    copies = EntityCopies()

    for cut in [*sorted(cuts), len(behind)]:
        data = base + b"".join(behind[:cut])
        copy = copies.current(KEY, data)

        anew, records = EntityState.read(data)
        assert (copy.data, copy.records) == (data, records)
        for moment in (latest, latest + timedelta(hours=1), latest + timedelta(days=20)):
            asked = replace(PAYMENT, occurred_at=moment)
            assert values_of(asked, copy.state) == values_of(asked, anew)


def test_what_only_grew_is_not_read_again():
    copies, data = EntityCopies(), stored(PAYMENT)
    first = copies.current(KEY, data)

    assert copies.current(KEY, data) is first
    assert copies.current(KEY, data + record(PAYMENT)) is first
    assert seen(first.state) == 2


def test_a_base_of_another_process_takes_the_place_of_the_copy():
    copies = EntityCopies()
    before = copies.current(KEY, stored(PAYMENT))

    after = copies.current(KEY, stored(PAYMENT, PAYMENT, PAYMENT))

    assert (seen(before.state), seen(after.state)) == (1, 3)


def test_what_redis_lost_is_not_remembered():
    copies, data = EntityCopies(), stored(PAYMENT)
    copies.current(KEY, data + record(PAYMENT))

    assert seen(copies.current(KEY, None).state) == 0
    assert seen(copies.current(KEY, data).state) == 1
    assert seen(copies.current(KEY, record(PAYMENT)).state) == 1


def test_a_group_counts_its_own_payments_and_leaves_the_copy_to_the_others():
    copy = EntityCopies().current(KEY, stored(PAYMENT))
    named = tuple(KEY if kind is EntityKind.MERCHANT else None for kind in KINDS)
    group, other = (Entities(Marker(READY, "1"), {KEY: copy}) for _ in range(2))

    def of_merchant(entities: Entities) -> object:
        known = entities.of(named)
        assert known is not None
        state = known[KINDS.index(EntityKind.MERCHANT)]
        assert state is not None
        return seen(state)

    assert of_merchant(group) == 1
    for count in (2, 3):
        group.add("t", PAYMENT, named)
        assert of_merchant(group) == count
    assert (of_merchant(other), seen(copy.state)) == (1, 1)


def test_those_not_used_for_longest_make_room():
    one = EntityCopies().current(KEY, stored(PAYMENT))
    copies = EntityCopies(memory_max=3 * one.memory)
    data = {name: stored(PAYMENT) for name in (b"a", b"b", b"c", b"d")}
    first = {name: copies.current(name, data[name]) for name in (b"a", b"b", b"c")}
    copies.current(b"a", data[b"a"])

    copies.current(b"d", data[b"d"])

    assert copies.memory == 3 * one.memory
    assert copies.current(b"a", data[b"a"]) is first[b"a"]
    assert copies.current(b"b", data[b"b"]) is not first[b"b"]
