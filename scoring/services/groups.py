"""The groups of people that come with the product, and what each may do in the Admin. docs/people.md tells of them.

What is looked at goes by area: a group that sees an area may view all models in it. What is done goes by name.
Every model is in one area; a new one has to be placed.
"""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ledger.services.audit import audit_record

AREAS: dict[str, dict[str, str]] = {
    "record": {
        "ledger": "account accountbalance accountgrant accountnote auditentry bankevent decision decisiontime entry"
        " event hold holdresolution idempotencykey importedtransaction label labelimport operationreceipt"
        " outboxpending posting recordmark reversal sampledreview sealblock sealleaf transaction case casenote"
        " pendingverdict reviewterms reportingrate",
    },
    "personal": {"ledger": "personaldetail"},
    "deciding": {
        "rules": "alarm approvalrequest breakglass list listimport listimportfault listimportline listimportpart"
        " listitem listproposal recenthits rule ruleday rulehealth rulepairday rulesetmember rulesetversion"
        " rulesnooze ruleversion simulation tallymark",
        "scoring": "challengerscore evaluationrun modelday modelevaluation modelpromotion modelreading modelversion"
        " policyrelease policyrequest policysimulation policyversion prediction scoredday jobpart scorejob",
    },
    "figures": {
        "dashboard": "accountdimension datedimension decisionfact factmark hourdimension merchantdimension"
        " modeldimension outcomedimension rollup rollupdue ruledimension rulefact sharedvalue",
        "scoring": "qualitycount qualityfinding",
    },
    "system": {"dashboard": "apicall figurelimit keptwarning reading requestminute systemalarm"},
    "clients": {"api": "apikey gatewayclient revokedtoken", "scoring": "refusedrequest"},
    "telling": {"webhooks": "alertsubscription attempt delivery endpoint notification"},
    "tasks": {
        "django_celery_results": "chordcounter groupresult taskresult",
        "django_celery_beat": "clockedschedule crontabschedule intervalschedule periodictask periodictasks"
        " solarschedule",
    },
    "people": {"auth": "group permission user", "axes": "accessattempt", "dashboard": "personsession"},
    # Keys, secrets, and tables that Django keeps for itself: no page shows them, whoever asks.
    "nobody": {
        "webhooks": "endpointsecret",
        "dashboard": "authenticatorapp firstpassword",
        "admin": "logentry",
        "otp_totp": "totpdevice",
        "otp_static": "staticdevice statictoken",
        "axes": "accessattemptexpiration accessfailurelog accesslog",
        "contenttypes": "contenttype",
        "sessions": "session",
    },
}

_WRITES_LISTS = "rules.add_list rules.change_list rules.add_listitem rules.delete_listitem"
_WRITES_RULES = f"rules.add_rule rules.change_rule rules.add_rulesnooze rules.change_alarm {_WRITES_LISTS}"
_WRITES_POLICIES = "scoring.add_policyversion"
_PUBLISHES = (
    "rules.publish_rule rules.break_glass_rule rules.approve_listitem scoring.publish_policy"
    " scoring.break_glass_policy scoring.promote_modelversion scoring.override_gate"
)
_REVIEWS = (
    "ledger.reveal_personaldetail ledger.resolve_hold ledger.freeze_account ledger.add_label rules.add_listitem"
    " rules.add_rulesnooze ledger.work_case"
)
_RUNS = (
    "ledger.add_account ledger.change_account ledger.freeze_account ledger.add_accountgrant"
    " ledger.delete_accountgrant api.add_gatewayclient api.change_gatewayclient api.add_apikey api.change_apikey"
    " scoring.promote_modelversion rules.change_alarm ledger.reverse_transaction scoring.add_scorejob"
    # Changing a delivery is replaying it: nothing else can be done with one.
    " webhooks.add_endpoint webhooks.change_endpoint webhooks.change_delivery"
    " django_celery_beat.change_periodictask"
    " dashboard.add_figurelimit dashboard.change_figurelimit dashboard.delete_figurelimit"
)
_LETS_IN = (
    "auth.add_user auth.change_user axes.delete_accessattempt otp_totp.delete_totpdevice"
    " dashboard.delete_personsession ledger.view_auditentry"
)
_SEES = "record deciding figures"
_LOOKS = "dashboard.view_dashboard"
# Group -> the areas it sees, and what it does. Nobody gets the rest but those who may do everything.
GROUPS: dict[str, tuple[str, str]] = {
    "Analyst": (_SEES, f"{_LOOKS} {_WRITES_RULES} {_WRITES_POLICIES}"),
    "Approver": (_SEES, f"{_LOOKS} dashboard.export_facts {_WRITES_RULES} {_WRITES_POLICIES} {_PUBLISHES}"),
    "Reviewer": (f"{_SEES} personal", f"{_LOOKS} {_REVIEWS}"),
    "Senior reviewer": (
        f"{_SEES} personal",
        f"{_LOOKS} {_REVIEWS} rules.approve_listitem rules.change_alarm ledger.manage_case"
        " ledger.reverse_transaction",
    ),
    "Operator": (f"{_SEES} system clients telling tasks", f"{_LOOKS} {_RUNS}"),
    "Auditor": (" ".join(area for area in AREAS if area != "nobody"), f"{_LOOKS} ledger.export_auditentry"),
    "People administrator": ("people", _LETS_IN),
    "Read-only": (_SEES, _LOOKS),
}


def group_permissions(group: str) -> set[str]:
    """By name, "app.codename"."""
    areas, actions = GROUPS[group]
    seen = {
        f"{app}.view_{model}"
        for area in areas.split()
        for app, models in AREAS[area].items()
        for model in models.split()
    }
    return seen | set(actions.split())


@transaction.atomic
def groups_ensure() -> None:
    """Every group has exactly its permissions afterwards: who wants others makes a group of their own."""
    for name in GROUPS:
        group, _ = Group.objects.get_or_create(name=name)
        wanted = set(_permissions(group_permissions(name)))
        before = set(group.permissions.all())
        if wanted != before:
            group.permissions.set(wanted)
            _tell(group, given=wanted - before, taken=before - wanted)


def _permissions(names: set[str]) -> list[Permission]:
    """Those that exist: before all migrations have run there may be fewer."""
    by_app: dict[str, list[str]] = {}
    for name in names:
        app, _, codename = name.partition(".")
        by_app.setdefault(app, []).append(codename)
    wanted = Q()
    for app, codenames in by_app.items():
        wanted |= Q(content_type__app_label=app, codename__in=codenames)
    return list(Permission.objects.filter(wanted))


def _tell(group: Group, *, given: set[Permission], taken: set[Permission]) -> None:
    details = {"given": sorted(each.codename for each in given), "taken": sorted(each.codename for each in taken)}
    audit_record(
        actor="system", action="group.kept", subject=f"group {group.name}", details=details, now=timezone.now()
    )
