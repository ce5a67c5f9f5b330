from django.urls import path

from dashboard.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("admin", home),  # typed without its slash
]
