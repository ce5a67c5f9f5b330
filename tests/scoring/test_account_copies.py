"""What a process keeps of accounts for the time without Redis: the last it told, within bounds, of one epoch."""

from scoring.services.account_copies import AccountCopies


def test_the_last_that_was_told_is_there():
    copies = AccountCopies()
    copies.keep({"a": b"old", "b": b"other"})
    copies.keep({"a": b"new"})

    assert (copies.get("a"), copies.get("b"), copies.get("c")) == (b"new", b"other", None)


def test_what_was_told_longest_ago_makes_room():
    copies = AccountCopies(memory_max=3000)
    for key in "abc":
        copies.keep({key: bytes(1000)})
    copies.keep({"a": bytes(1001)})

    assert [key for key in "abc" if copies.get(key)] == ["a", "c"]
    assert 2000 < copies.memory <= 3000


def test_memory_does_not_grow_with_what_is_told_again():
    copies = AccountCopies()
    copies.keep({"a": bytes(1000)})
    before = copies.memory
    for _ in range(5):
        copies.keep({"a": bytes(1000)})

    assert copies.memory == before


def test_at_another_epoch_all_are_forgotten():
    copies = AccountCopies()
    copies.belong_to(b"1")
    copies.keep({"a": b"data"})
    copies.belong_to(b"1")
    assert copies.get("a") == b"data"

    copies.belong_to(b"2")
    assert (copies.get("a"), copies.memory) == (None, 0)
