from django.urls import path

from sentinel.ops import views

urlpatterns = [
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("health", views.health, name="health"),
    path("services/status", views.services_status, name="services-status"),
]
