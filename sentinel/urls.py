from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from dashboard.urls import api_urlpatterns as dashboard_urlpatterns
from ledger.urls import urlpatterns as ledger_urlpatterns
from scoring.api.transactions import BriefTransactionView
from scoring.urls import urlpatterns as scoring_urlpatterns
from sentinel.api.problems import not_found, server_error
from sentinel.api.urls import api_urlpatterns, docs_urlpatterns
from webhooks.urls import urlpatterns as webhooks_urlpatterns

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "api/v1/",
        include(
            [
                *scoring_urlpatterns,
                *ledger_urlpatterns,
                *webhooks_urlpatterns,
                *dashboard_urlpatterns,
                *api_urlpatterns,
            ]
        ),
    ),
    # The path of the original brief; answers like POST /api/v1/transactions.
    path("transaction", BriefTransactionView.as_view()),
    *docs_urlpatterns,
    path("admin/", admin.site.urls),
    path("", include("sentinel.ops.urls")),
    path("", include("dashboard.urls")),
]

handler404 = not_found
handler500 = server_error
