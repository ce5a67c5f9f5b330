from sentinel.core.errors import Conflict, InvalidRequest


class InvalidExpression(InvalidRequest):
    """A rule's expression cannot be used. `errors` names every row at fault; nothing was saved."""

    code = "invalid_expression"
    title = "The rule's conditions are not valid"


class InvalidListItem(InvalidRequest):
    """A value does not fit the type of its list. Nothing was saved."""

    code = "invalid_list_item"
    title = "The value does not fit the list"


class AlreadyListed(Conflict):
    """The value is on the list already and still valid."""

    code = "already_listed"
    title = "The value is already on the list"


class RuleHasNoVersion(Conflict):
    """A rule without conditions cannot be enabled."""

    code = "rule_has_no_version"
    title = "The rule has no conditions yet"
