from django.urls import path

from dashboard.api import analytics, monitoring
from dashboard.views.home import home
from dashboard.views.metrics import metrics

api_urlpatterns = [
    path("analytics/fraud-trends", analytics.FraudTrendsView.as_view()),
    path("analytics/transaction-patterns", analytics.TransactionPatternsView.as_view()),
    path("analytics/risk-distribution", analytics.RiskDistributionView.as_view()),
    path("analytics/model-performance", analytics.ModelPerformanceView.as_view()),
    path("monitoring/overview", monitoring.SystemOverviewView.as_view()),
    path("monitoring/services", monitoring.ServicesView.as_view()),
    path("monitoring/metrics", monitoring.SystemMetricsView.as_view()),
    path("monitoring/alerts", monitoring.SystemAlarmsView.as_view()),
]
urlpatterns = [
    path("", home, name="home"),
    path("admin", home),  # typed without its slash
    path("metrics", metrics, name="metrics"),
]
