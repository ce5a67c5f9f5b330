"""Refusals of what leaves. See sentinel.core.errors for how the API shows them."""

from sentinel.core.errors import Conflict, InvalidRequest, NotFound


class EndpointInvalid(InvalidRequest):
    """Something about the endpoint cannot be used as it is. Nothing was saved."""

    code = "endpoint_invalid"
    title = "The endpoint cannot be used like this"


class EndpointUnknown(NotFound):
    """No endpoint of this client has that id."""

    code = "endpoint_unknown"
    title = "There is no such endpoint"


class DeliveryUnknown(NotFound):
    """No delivery to an endpoint of this client has that id."""

    code = "delivery_unknown"
    title = "There is no such delivery"


class EndpointsTooMany(Conflict):
    """The client has as many endpoints as it may have."""

    code = "endpoints_too_many"
    title = "The client has as many endpoints as it may have; delete one first"


class EndpointOff(Conflict):
    """The endpoint is disabled or deleted: nothing is sent to it."""

    code = "endpoint_off"
    title = "The endpoint is disabled; resume it first"


class EndpointStateRefused(Conflict):
    """The endpoint is not in a state from which this can be done."""

    code = "endpoint_state"
    title = "The endpoint is not in a state for this"
