from django.urls import path

from scoring.api import transactions

urlpatterns = [path("transactions", transactions.TransactionsView.as_view())]
