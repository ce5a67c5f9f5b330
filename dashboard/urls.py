from django.urls import path

from dashboard.api import analytics
from dashboard.views.home import home

api_urlpatterns = [
    path("analytics/fraud-trends", analytics.FraudTrendsView.as_view()),
    path("analytics/transaction-patterns", analytics.TransactionPatternsView.as_view()),
    path("analytics/risk-distribution", analytics.RiskDistributionView.as_view()),
    path("analytics/model-performance", analytics.ModelPerformanceView.as_view()),
]
urlpatterns = [
    path("", home, name="home"),
    path("admin", home),  # typed without its slash
]
