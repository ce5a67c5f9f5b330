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


class AlreadyProposed(Conflict):
    """The value waits for a second person already."""

    code = "already_proposed"
    title = "The value is already proposed"


class SecondPersonNeeded(Conflict):
    """Payments may pass because of the list: its items are proposed and approved, never just added."""

    code = "second_person_needed"
    title = "A second person has to approve this"


class OwnProposal(Conflict):
    """Whoever proposed or uploaded something cannot approve it."""

    code = "own_proposal"
    title = "Somebody else has to approve what you proposed"


class AlreadyDecided(Conflict):
    """A colleague was faster."""

    code = "already_decided"
    title = "This was decided already"


class ImportNotReady(Conflict):
    """A list import is not in a state in which this can be done to it."""

    code = "import_not_ready"
    title = "This cannot be done to the import now"


class SimulationUnderWay(Conflict):
    """A version is simulated once at a time."""

    code = "simulation_under_way"
    title = "The rule is being simulated already"


class NotSimulated(Conflict):
    """Approval is asked for with a simulation: the colleague sees what the rule would have done."""

    code = "not_simulated"
    title = "Simulate this version first"


class OwnWork(Conflict):
    """Nobody decides on what they wrote or asked for."""

    code = "own_work"
    title = "You wrote or asked for this yourself: a colleague has to decide"


class RequestOpen(Conflict):
    """A rule has one open request at a time."""

    code = "request_open"
    title = "The rule waits for approval already"


class RequestClosed(Conflict):
    """Somebody decided in the meantime, or there never was such a request."""

    code = "request_closed"
    title = "The request is not open any more"


class NotApproved(Conflict):
    """A version takes part in decisions only after a colleague approved it."""

    code = "not_approved"
    title = "This version was not approved"


class StepNotPossible(Conflict):
    """A step of a rule's way that does not follow from where the rule is. Nothing was changed."""

    code = "step_not_possible"
    title = "This step is not possible now"


class InvalidConfigFile(InvalidRequest):
    """A file of rules and lists cannot be used. `errors` names every place at fault; nothing was changed."""

    code = "invalid_config_file"
    title = "The file cannot be imported"


class ConfigChanged(Conflict):
    """What an import would do is not what was shown: somebody changed something in between. Nothing was changed."""

    code = "config_changed"
    title = "Something changed since you looked: look at the differences again"
