from sentinel.core.errors import Conflict


class JobNotReady(Conflict):
    """A scored file is not in a state in which this can be done to it."""

    code = "job_not_ready"
    title = "This cannot be done to the job now"
