from django.urls import path

from webhooks.api import alerts, deliveries, endpoints, events

urlpatterns = [
    path("webhook-endpoints", endpoints.EndpointsView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>", endpoints.EndpointView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>/secret", endpoints.EndpointSecretView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>/test", endpoints.EndpointTestView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>/recover", endpoints.EndpointRecoverView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>/pause", endpoints.EndpointPauseView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>/resume", endpoints.EndpointResumeView.as_view()),
    path("webhook-deliveries", deliveries.DeliveriesView.as_view()),
    path("webhook-deliveries/replay", deliveries.DeliveriesReplayView.as_view()),
    path("webhook-deliveries/<str:delivery_id>", deliveries.DeliveryView.as_view()),
    path("webhook-deliveries/<str:delivery_id>/replay", deliveries.DeliveryReplayView.as_view()),
    path("events", events.EventsView.as_view()),
    path("alerts/fraud", alerts.FraudAlertView.as_view()),
    path("alerts/system", alerts.SystemAlertView.as_view()),
    path("notifications", alerts.NotificationsView.as_view()),
]
