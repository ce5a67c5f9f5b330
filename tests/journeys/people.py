"""What people do in the Admin, as their browsers send it."""

import json
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from rules.models import Rule
from tests.rulesets import simulate


def browser_of_somebody() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser(f"ada-{uuid4().hex[:6]}"))
    return browser


def publish_rule_in_admin(analyst: Client, approver: Client, *, name: str, expression: dict[str, Any]) -> Rule:
    """A rule that reviews: written, simulated and asked for by one, live by another."""
    code = f"rule_{uuid4().hex[:6]}"
    form = {
        "code": code,
        "name": name,
        "action": "review",
        "reason_code": f"rule.{code}",
        "reason_words": name,
        "expression": json.dumps(expression),
    }
    assert analyst.post(reverse("admin:rules_rule_add"), form).status_code == 302
    rule = Rule.objects.get(code=code)
    simulate(rule)
    step = partial(reverse, "admin:rules_rule_step")
    assert analyst.post(step(args=[rule.pk, "ask"]), {"note": "seen in a demonstration"}).status_code == 302
    assert approver.post(step(args=[rule.pk, "approve"]), {"stage": "live"}).status_code == 302
    return rule
