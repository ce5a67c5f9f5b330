"""Lists by which payments pass: whatever is added takes two people, in Python and in the database."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.models import AuditEntry
from rules.domain.lists import ItemType, Purpose
from rules.errors import (
    AlreadyDecided,
    AlreadyListed,
    AlreadyProposed,
    InvalidExpression,
    OwnProposal,
    SecondPersonNeeded,
)
from rules.models import List, ListItem, ListProposal, Rule, RuleVersion
from rules.services.list_proposals import proposal_approve, proposal_refuse
from rules.services.lists import NewItem, list_item_add, list_item_propose, list_item_submit, list_save
from sentinel.core.errors import InvalidRequest
from sentinel.core.outcomes import Action
from tests.rules.examples import group, row

HOUR = timedelta(hours=1)
ALICE = NewItem("acc_alice", "our own account")


@pytest.fixture
def trusted(db) -> List:
    item_list = List(name="trusted", item_type=ItemType.ACCOUNT, purpose=Purpose.ALLOW)
    list_save(actor="ana", item_list=item_list, now=timezone.now())
    return item_list


@pytest.fixture
def proposal(trusted) -> ListProposal:
    return list_item_propose(actor="ana", item_list=trusted, wanted=ALICE, now=timezone.now())


def approve(proposal: ListProposal, actor: str = "ben", **changes) -> ListItem:
    given = {"note": "seen", "now": timezone.now(), **changes}
    return proposal_approve(actor=actor, proposal=proposal, **given)


def valid() -> int:
    return ListItem.objects.valid_at(timezone.now()).count()


def test_an_item_of_an_allow_list_counts_once_a_colleague_approved_it(proposal, trusted):
    assert valid() == 0

    item = approve(proposal)

    assert (item.owner, item.approved_by, item.source) == ("ana", "ben", "manual")
    assert valid() == 1
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("approved", "ben")
    assert AuditEntry.objects.get(action="list_item.approved").details["item"] == item.pk


def test_nobody_approves_what_they_proposed(proposal):
    with pytest.raises(OwnProposal):
        approve(proposal, "ana")

    assert valid() == 0


def test_a_proposal_is_decided_once(proposal):
    proposal_refuse(actor="ben", proposal=proposal, note="not ours", now=timezone.now())

    with pytest.raises(AlreadyDecided, match="ben has refused it already"):
        approve(proposal, "cho")

    assert valid() == 0


def test_a_refusal_says_why(proposal):
    with pytest.raises(InvalidRequest):
        proposal_refuse(actor="ben", proposal=proposal, note="", now=timezone.now())

    assert ListProposal.objects.get().state == "proposed"


def test_a_proposal_whose_end_has_passed_is_not_approved(trusted):
    wanted = NewItem("acc_bob", "for today", timezone.now() + HOUR)
    waiting = list_item_propose(actor="ana", item_list=trusted, wanted=wanted, now=timezone.now())

    with pytest.raises(InvalidRequest, match="has passed"):
        approve(waiting, now=timezone.now() + 2 * HOUR)

    assert valid() == 0


def test_a_value_is_proposed_once_and_not_when_it_is_listed(proposal, trusted):
    with pytest.raises(AlreadyProposed):
        list_item_submit(actor="cho", item_list=trusted, wanted=ALICE, now=timezone.now())
    approve(proposal)
    with pytest.raises(AlreadyListed):
        list_item_submit(actor="cho", item_list=trusted, wanted=ALICE, now=timezone.now())

    assert ListProposal.objects.count() == 1


def test_an_item_of_an_allow_list_is_not_just_added(trusted):
    with pytest.raises(SecondPersonNeeded):
        list_item_add(actor="ana", item_list=trusted, value="acc_alice", reason="ours", now=timezone.now())

    assert valid() == 0


def test_the_database_wants_two_people_too(trusted, blocked_cards):
    item = {"value": "x", "reason": "y", "owner": "ana", "created_at": timezone.now()}

    with pytest.raises(IntegrityError, match="second person"), transaction.atomic():
        ListItem.objects.create(list=trusted, **item)
    with pytest.raises(IntegrityError, match="list_item_two_people"), transaction.atomic():
        ListItem.objects.create(list=trusted, approved_by="ana", **item)
    ListItem.objects.create(list=trusted, approved_by="ben", **item)
    with pytest.raises(IntegrityError, match="stay as they are"), transaction.atomic():
        ListItem.objects.update(approved_by="")
    ListItem.objects.create(list=blocked_cards, **item | {"value": "z"})
    with pytest.raises(IntegrityError, match="stay as they are"), transaction.atomic():
        ListItem.objects.filter(list=blocked_cards).update(list=trusted)


def test_the_database_wants_two_people_for_a_proposal(proposal):
    with pytest.raises(IntegrityError, match="list_proposal_two_people"), transaction.atomic():
        ListProposal.objects.update(state="approved", decided_by="ana", decided_at=timezone.now())


@pytest.mark.parametrize("change", [{"purpose": "allow"}, {"name": "other"}, {"item_type": "text"}])
def test_a_list_keeps_what_it_is_for(blocked_cards, change):
    with pytest.raises(IntegrityError, match="stay as they are"), transaction.atomic():
        List.objects.update(**change)


def test_an_allow_rule_may_use_allow_lists_only(make_rule, blocked_cards, trusted):
    with pytest.raises(
        InvalidExpression, match="Payments pass by the list blocked_cards, which is not kept for that"
    ):
        make_rule(expression=group(row("card_token", "in", list="blocked_cards")), action=Action.ALLOW)
    assert (Rule.objects.count(), RuleVersion.objects.count()) == (0, 0)

    make_rule(expression=group(row("account_id", "in", list="trusted")), action=Action.ALLOW)


@pytest.mark.parametrize(
    "expression",
    [
        group(row("card_token", "not_in", list="blocked_cards")),
        group(row("card_token", "in", list="blocked_cards"), combinator="none"),
        group(group(row("card_token", "not_in", list="blocked_cards"), combinator="any")),
    ],
)
def test_a_rule_that_spares_what_is_listed_needs_an_allow_list_too(make_rule, blocked_cards, expression):
    with pytest.raises(InvalidExpression, match="Payments are spared by the list blocked_cards"):
        make_rule(expression=expression)

    assert Rule.objects.count() == 0


def test_a_list_that_a_live_rule_lets_pass_by_counts_as_an_allow_list(make_rule, blocked_cards, monkeypatch):
    """As it may have been saved before there were purposes."""
    monkeypatch.setattr("rules.services.rules.lists_of_rule_check", lambda draft: None)
    make_rule(expression=group(row("card_token", "in", list="blocked_cards")), action=Action.ALLOW)

    with pytest.raises(SecondPersonNeeded):
        list_item_add(actor="ana", item_list=blocked_cards, value="tok_1", reason="ours", now=timezone.now())

    assert valid() == 0
