"""Health, alarms and files in the Admin."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from rules.admin.sparkline import Bar, sparkline
from rules.domain.stages import Stage
from rules.models import Rule, RuleDay, RuleHealth
from rules.services.alarms import alarm_raise
from rules.services.approvals import Start, publishing_ask, request_approve
from rules.services.health import health_renew
from rules.services.rules import rule_save
from scoring.models import PolicyVersion
from sentinel.core.outcomes import Action

RULES = reverse_lazy("admin:rules_rule_changelist")
FILES = reverse_lazy("admin:rules_files")
EXPORT = reverse_lazy("admin:rules_files_export")
IMPORT = reverse_lazy("admin:rules_files_import")


@pytest.fixture(autouse=True)
def plain_static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}


@pytest.fixture
def sign_in(db):
    def sign_in_with(*permissions: str, name: str = "ana") -> Client:
        user, _ = User.objects.get_or_create(username=name, is_staff=True)
        found = Permission.objects.filter(codename__in=permissions, content_type__app_label="rules")
        user.user_permissions.set(found)
        client = Client()
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def analyst(sign_in):
    return sign_in("view_rule", "add_rule", "change_rule", "view_alarm", "view_listitem")


@pytest.fixture
def reader(sign_in):
    return sign_in("view_rule", name="rita")


@pytest.fixture
def today():
    return timezone.now().date()


def fares(version, back: int = 0, **counts) -> None:
    RuleDay.objects.create(version=version, day=timezone.now().date() - timedelta(days=back), **counts)


def renew() -> None:
    health_renew(errors={}, now=timezone.now())


def test_the_list_shows_how_each_rule_fares(analyst, make_rule):
    version = make_rule().versions.get()
    last_hit_at = timezone.now() - timedelta(hours=3)
    fares(version, 1, hits=28, fraud=10, legitimate=10, cost_ns=2_500_000, cost_samples=1000, last_hit_at=last_hit_at)
    renew()

    page = analyst.get(RULES).content.decode()

    assert 'aria-label="28 hits in 14 days; most: 28 on' in page
    assert '2.0 a day</span><span class="quiet">last 3 h ago' in page
    assert '50%<br><span class="quiet">of 20 judged</span>' in page
    assert "2.5 µs" in page


def test_marks_are_shown_and_filtered_by(analyst, make_rule):
    dead, duplicate = make_rule("dead_one"), make_rule("same_as_dead")
    make_rule("well")
    renew()
    RuleHealth.objects.update(marks=[])
    RuleHealth.objects.filter(rule=dead).update(marks=["dead"])
    RuleHealth.objects.filter(rule=duplicate).update(marks=["duplicate"], duplicate_of=dead)

    page = analyst.get(RULES).content.decode()
    assert "duplicate of dead_<wbr>one" in page

    def found(mark: str) -> list[str]:
        return [rule.code for rule in analyst.get(RULES, {"mark": mark}).context["cl"].result_list]

    assert found("dead") == ["dead_one"]
    assert found("any") == ["dead_one", "same_as_dead"]
    assert found("noisy") == []


def test_the_list_is_sorted_by_cost(analyst, make_rule):
    for code, cost_ns in (("cheap", 1000), ("dear", 9000), ("unknown", 0)):
        version = make_rule(code).versions.get()
        if cost_ns:
            fares(version, cost_ns=cost_ns, cost_samples=1)
    renew()

    columns = list(analyst.get(RULES).context["cl"].list_display)
    rules = analyst.get(RULES, {"o": f"-{columns.index('cost')}"}).context["cl"].result_list

    assert [rule.code for rule in rules] == ["dear", "cheap", "unknown"]


@pytest.mark.parametrize("rules", [1, 8])
def test_the_list_takes_the_same_queries_for_more_rules(analyst, make_rule, django_assert_num_queries, rules):
    for number in range(rules):
        fares(make_rule(f"rule_{number}").versions.get(), hits=number)
    renew()

    with django_assert_num_queries(7):
        analyst.get(RULES)


def test_a_trial_stands_beside_the_live_version(analyst, make_rule, make_draft, now, simulated):
    rule = make_rule()
    fares(rule.versions.get(), 1, hits=5, reviewed=5, amounts_minor={"INR": 540_000, "EUR": 1_000})
    trial = rule_save(actor="ana", rule=rule, draft=make_draft(action=Action.DECLINE), now=now)
    simulated(rule)
    request = publishing_ask(actor="ana", rule=rule, note="", now=now)
    request_approve(actor="ben", request=request, start=Start(Stage.SHADOW), note="", now=now)
    fares(trial, 1, silent_hits=7, silent_fraud=3, silent_legitimate=1, failures=2)
    renew()

    page = analyst.get(reverse("admin:rules_rule_change", args=[rule.pk])).content.decode()

    assert "5 hits with a say: 5 held for review" in page
    assert "5,400.00&nbsp;<small>INR" in page
    assert "would have declined 7 where it had no say; it could not be evaluated for 2" in page
    assert "3 confirmed fraud, 1 confirmed good, 0 presumed good" in page
    assert '<td class="right">75%</td>' in page


def test_what_a_mark_means_and_an_error_is_said_on_the_page(analyst, make_rule):
    rule = make_rule()
    fares(rule.versions.get(), failures=1, last_failed_at=timezone.now())
    renew()
    RuleHealth.objects.update(last_error="TypeError: <b> is no number")

    page = analyst.get(reverse("admin:rules_rule_change", args=[rule.pk])).content.decode()

    assert "Failing: It could not be evaluated for some payments of the last day." in page
    assert "<code>TypeError: &lt;b&gt; is no number</code>" in page


def test_a_sparkline_says_in_words_what_it_shows(today):
    bars = [Bar(today, 3, 1), Bar(today), Bar(today, 0, 2)]

    picture = sparkline(bars)
    assert f'aria-label="6 hits in 3 days, 3 of them without a say; most: 4 on {today:%-d %b}"' in picture
    assert 'aria-label="No hits in 1 days"' in sparkline([Bar(today)])
    assert "style=" not in picture


def test_unseen_alarms_are_shown_to_who_may_see_them(analyst, reader, now, monkeypatch):
    monkeypatch.setattr("dashboard.start_page.run_probes", list)
    alarm_raise(kind="rule.braked", subject="rule:a", words="a <b> ran wild", now=now)
    start = reverse("admin:index")

    for path in (start, RULES):
        page = analyst.get(path).content.decode()
        assert "1 alarm nobody has seen yet." in page
        assert "a &lt;b&gt; ran wild" in page
        assert reverse("admin:rules_alarm_changelist") in page
        assert "nobody has seen yet" not in reader.get(path).content.decode()


def upload(text: str) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile("rules.json", text.encode())}


def exported(client: Client, **options) -> str:
    return client.post(EXPORT, options).content.decode()


def test_a_file_is_taken_out_compared_and_brought_in(analyst, make_rule):
    make_rule()
    told = json.loads(exported(analyst))
    told["rules"][0] |= {"code": "another", "name": "<script>alert(1)</script>", "action": "decline"}

    answer = analyst.post(IMPORT, upload(json.dumps(told)))
    page = answer.content.decode()
    assert "1 of the rules, lists and settings would be added or changed." in page
    assert "Decline when the amount is over 5,000 INR" in page
    assert "<script>alert" not in page
    assert Rule.objects.count() == 1

    form = answer.context["apply_form"].initial
    assert analyst.post(IMPORT, form).status_code == 302
    assert Rule.objects.get(code="another").versions.get().author == "ana"


def test_a_bad_file_is_refused_in_words(analyst):
    answer = analyst.post(IMPORT, upload('{"format": "something"}'))

    assert answer.status_code == 422
    assert "This is no file of rules and lists exported from here." in answer.content.decode()
    not_text = {"file": SimpleUploadedFile("rules.json", b"\xff\xfe\x00")}
    assert "The file is not text in UTF-8." in analyst.post(IMPORT, not_text).content.decode()
    assert Rule.objects.count() == 0


def test_a_policy_comes_in_only_by_who_may_write_it(sign_in, analyst):
    told = {"format": "sentinelstream.config", "version": 1, "settings": {"policy": {"review_percentile": 0.123}}}
    answer = analyst.post(IMPORT, upload(json.dumps(told)))
    form = answer.context["apply_form"].initial

    assert "Policy: you may not write it" in answer.content.decode()
    assert "Import as drafts" not in answer.content.decode()
    assert analyst.post(IMPORT, form).status_code == 403
    assert not PolicyVersion.objects.filter(author="ana").exists()

    user = User.objects.get(username="ana")
    user.user_permissions.add(Permission.objects.get(codename="add_policyversion"))
    page = analyst.post(IMPORT, upload(json.dumps(told))).content.decode()
    assert "Review from score percentile 0.123" in page
    assert analyst.post(IMPORT, form).status_code == 302
    assert PolicyVersion.objects.get(author="ana").thresholds == {"review_percentile": 0.123}


def test_a_changed_comparison_is_not_applied(analyst, make_rule):
    make_rule()
    told = json.loads(exported(analyst))
    told["rules"][0]["action"] = "decline"

    answer = analyst.post(IMPORT, {"text": json.dumps(told), "digest": "0" * 64})

    assert "look at the differences again" in answer.content.decode()
    assert Rule.objects.get().versions.count() == 1


def test_files_need_their_permissions(sign_in, reader, make_rule):
    make_rule()
    nobody = sign_in(name="nils")
    assert nobody.get(FILES).status_code == nobody.post(EXPORT).status_code == 403
    assert reader.get(FILES).status_code == reader.post(EXPORT).status_code == 200
    assert reader.post(EXPORT, {"items": "on"}).status_code == 403
    assert reader.post(IMPORT, upload("{}")).status_code == 403
    assert "Also what is on the lists" not in reader.get(FILES).content.decode()


def test_items_come_in_only_by_who_may_add_them(analyst):
    items = [{"value": "tok_1", "reason": "stolen"}]
    told = {
        "format": "sentinelstream.config",
        "version": 1,
        "lists": [{"name": "cards", "item_type": "card_token", "description": "", "items": items}],
    }
    form = analyst.post(IMPORT, upload(json.dumps(told))).context["apply_form"].initial

    assert analyst.post(IMPORT, form).status_code == 403
