from django.urls import path

from scoring.api import bulk, score, transactions

urlpatterns = [
    path("transactions", transactions.TransactionsView.as_view()),
    path("transactions/bulk", bulk.BulkView.as_view()),
    path("score", score.ScoreView.as_view()),
]
