from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from sentinel.api import token_views
from sentinel.api.docs_views import DocsView, problem_list

api_urlpatterns = [
    path("auth/token", token_views.TokenView.as_view()),
    path("auth/token/refresh", token_views.RefreshView.as_view()),
    path("auth/token/revoke", token_views.RevokeView.as_view()),
]
docs_urlpatterns = [
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", DocsView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/docs/problems", problem_list, name="api-problems"),
]
