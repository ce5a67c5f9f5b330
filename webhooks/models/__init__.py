from webhooks.models.alerts import AlertSubscription, Notification
from webhooks.models.deliveries import Attempt, Delivery
from webhooks.models.endpoints import Endpoint, EndpointSecret

__all__ = ["AlertSubscription", "Attempt", "Delivery", "Endpoint", "EndpointSecret", "Notification"]
