"""Installs the rules and lists that a new installation begins with (`rules.domain.starter_rules`)."""

from datetime import datetime

from django.db import transaction

from rules.domain.starter_rules import STARTER_LISTS, STARTER_RULES
from rules.models import List, Rule
from rules.services.lists import list_save
from rules.services.rulesets import publishing_lock
from rules.services.shipped import AUTHOR, shipped_rules_publish


@transaction.atomic
def starter_rules_install(*, now: datetime) -> int:
    """Adds the starter lists and rules that are not there yet, in one publication; how many rules it added.

    A rule of the same code is left as it is, whatever became of it since.
    """
    publishing_lock()
    _install_lists(now)
    existing = set(Rule.objects.values_list("code", flat=True))
    fresh = [starter for starter in STARTER_RULES if starter.code not in existing]
    rules = [(Rule(code=each.code, name=each.name, description=each.why), each.draft, each.stage) for each in fresh]
    if rules:
        shipped_rules_publish(rules=rules, note="starter rules", now=now)
    return len(fresh)


def _install_lists(now: datetime) -> None:
    existing = set(List.objects.values_list("name", flat=True))
    for name, item_type, purpose, description in STARTER_LISTS:
        if name not in existing:
            item_list = List(name=name, item_type=item_type, purpose=purpose, description=description)
            list_save(actor=AUTHOR, item_list=item_list, now=now)
