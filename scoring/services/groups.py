"""The groups of people that come with the product, and what each may do in the Admin."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

_RECORD = Q(content_type__app_label="ledger", codename__startswith="view_")
_PERSONAL = Q(codename="view_personaldetail")
_RULES = Q(content_type__app_label="rules", codename__startswith="view_")
_MODELS = Q(content_type__app_label="scoring", codename__startswith="view_")
_CLIENTS = Q(content_type__app_label="api", codename__startswith="view_")
_TASKS = Q(content_type__app_label="django_celery_results", codename__startswith="view_")


def _named(*codenames: str) -> Q:
    return Q(codename__in=codenames)


_SEES = (_RECORD & ~_PERSONAL) | _RULES | _MODELS
_WRITES_RULES = _named("add_rule", "change_rule", "add_list", "change_list", "add_listitem", "change_listitem")
# The group and the permissions it has; those of models that do not exist yet are not missed.
GROUPS = {
    "Analyst": _SEES | _WRITES_RULES,
    "Approver": _SEES | _WRITES_RULES | _named("publish_rule", "add_policyversion"),
    "Reviewer": _SEES | _PERSONAL | _named("resolve_hold", "freeze_account", "add_label"),
    "Operator": _SEES
    | _CLIENTS
    | _TASKS
    | _named("add_account", "change_account", "freeze_account", "add_accountgrant", "delete_accountgrant")
    | _named("add_gatewayclient", "change_gatewayclient", "add_apikey", "change_apikey", "change_modelversion"),
    "Read-only": _SEES,
}


def groups_ensure() -> None:
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(permissions).exclude(group=group))
