from django.urls import path

from scoring.api import bulk, predictions, score, transactions

urlpatterns = [
    path("transactions", transactions.TransactionsView.as_view()),
    path("transactions/bulk", bulk.BulkView.as_view()),
    path("score", score.ScoreView.as_view()),
    path("predictions", predictions.PredictionsView.as_view()),
]
