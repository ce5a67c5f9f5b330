from django.urls import path

from ledger.api import accounts, proofs, transactions

urlpatterns = [
    path("accounts/<str:account_id>", accounts.AccountView.as_view()),
    path("accounts/<str:account_id>/balance", accounts.BalanceView.as_view()),
    path("accounts/<str:account_id>/freeze", accounts.FreezeView.as_view()),
    path("accounts/<str:account_id>/transactions", transactions.AccountTransactionsView.as_view()),
    path("transactions/void", transactions.VoidView.as_view()),
    path("transactions/<str:transaction_id>", transactions.TransactionView.as_view()),
    path("transactions/<str:transaction_id>/proof", proofs.ProofView.as_view()),
    path("transactions/<str:transaction_id>/reversals", transactions.ReversalsView.as_view()),
    path("labels", transactions.LabelsView.as_view()),
]
