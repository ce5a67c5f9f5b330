from django.urls import path

from scoring.api import bulk, jobs, predictions, score, transactions

urlpatterns = [
    path("transactions", transactions.TransactionsView.as_view()),
    path("transactions/bulk", bulk.BulkView.as_view()),
    path("score", score.ScoreView.as_view()),
    path("predictions", predictions.PredictionsView.as_view()),
    path("jobs", jobs.JobsView.as_view()),
    path("jobs/<str:job_id>", jobs.JobView.as_view()),
    path("jobs/<str:job_id>/results", jobs.ResultsView.as_view()),
    path("jobs/<str:job_id>/pause", jobs.PauseView.as_view()),
    path("jobs/<str:job_id>/continue", jobs.ContinueView.as_view()),
    path("jobs/<str:job_id>/cancel", jobs.CancelView.as_view()),
]
