import pytest

from scoring.demo.behaviour import Bank
from scoring.demo.bodies import account_body
from scoring.demo.history import bank_make
from scoring.demo.people import customer_make, customer_number, friend_number, top_up_minor
from scoring.demo.prices import CURRENCIES, minor_of, price_minor, round_sum_minor
from scoring.demo.randomness import SEED, randomness

PEOPLE = [customer_make(SEED, number) for number in range(120)]


def test_a_number_always_makes_the_same_customer() -> None:
    assert [customer_make(SEED, customer.number) for customer in PEOPLE] == PEOPLE


def test_accounts_have_names_of_their_own_that_tell_the_number() -> None:
    assert len({customer.account_id for customer in PEOPLE}) == 120
    assert [customer.account_id for customer in PEOPLE[:2]] == ["acc_alice", "acc_bob"]
    assert [customer_number(customer.account_id) for customer in PEOPLE] == list(range(120))


def test_alice_has_plenty_of_rupees_and_no_limit() -> None:
    alice = PEOPLE[0]

    assert (alice.currency, alice.risk, alice.daily_limit_minor) == ("INR", "normal", None)
    assert alice.opening_balance_minor >= 300_000_00


def test_the_bank_has_all_its_currencies_limits_and_credit_lines() -> None:
    assert {customer.currency for customer in PEOPLE} == set(CURRENCIES)
    assert any(customer.daily_limit_minor for customer in PEOPLE)
    assert any(customer.floor_minor for customer in PEOPLE)


def test_account_bodies_are_accepted() -> None:
    from ledger.api.accounts import account_terms
    from ledger.api.schemas import AccountIn

    for customer in PEOPLE:
        terms = account_terms(AccountIn.model_validate(account_body(customer)))

        assert terms.opening_balance_minor == customer.opening_balance_minor
        assert (terms.floor_minor, terms.daily_limit_minor) == (customer.floor_minor, customer.daily_limit_minor)


def test_friends_have_the_same_currency_and_are_others() -> None:
    rng = randomness("friends")
    for customer in PEOPLE:
        friend = friend_number(rng, customer.number, 120)
        assert friend is not None
        assert friend != customer.number
        assert PEOPLE[friend].currency == customer.currency


def test_alone_in_the_bank_nobody_is_a_friend() -> None:
    assert friend_number(randomness("alone"), 5, 6) is None


@pytest.mark.parametrize(("currency", "minor"), [("INR", 10_000), ("EUR", 360), ("JPY", 480), ("BHD", 1_500)])
def test_a_hundred_rupees_in_other_money(currency: str, minor: int) -> None:
    assert minor_of(100, currency) == minor


@pytest.mark.parametrize("currency", CURRENCIES)
def test_prices_are_never_zero(currency: str) -> None:
    rng = randomness("prices", currency)

    assert all(price_minor(rng, 0.01, 0.5, currency) > 0 for _ in range(100))
    assert all(round_sum_minor(rng, 0.01, currency) > 0 for _ in range(100))


def test_a_top_up_makes_the_account_usable_again() -> None:
    rng = randomness("top-ups")

    assert all(top_up_minor(rng, customer) > customer.scarce_minor for customer in PEOPLE)


def test_merchants_have_ids_of_their_own(bank: Bank) -> None:
    market = bank.market
    merchants = [*market.merchants, *market.subscriptions, *market.shady]

    assert len({merchant.id for merchant in merchants}) == len(merchants)
    assert 140 <= len(merchants) <= 170
    assert all(merchant.name and not merchant.name.startswith(" ") for merchant in merchants)
    assert bank_make(5).market == market
