"""What a client may be allowed to do. The words behind each scope are shown in the API documentation."""

SCOPES: dict[str, str] = {
    "transactions:write": "Send transactions to be decided, and void them by key.",
    "transactions:read": "Read the client's own transactions.",
    "transactions:backdate": "Send transactions that happened long ago (replay, migration).",
    "score:write": "Score payments without recording them.",
    "predictions:read": "Read what the client had scored without recording it.",
    "predictions:write": "Send scores made elsewhere, to be compared.",
    "jobs:read": "See its own scored files, their progress and results.",
    "jobs:write": "Send files of payments to be scored, pause and cancel them.",
    "decisions:explain": "See scores and the reasons of decisions.",
    "reversals:write": "Give money back, whole or in part.",
    "accounts:read": "Read granted accounts and their balances.",
    "accounts:write": "Create, change and freeze accounts.",
    "labels:read": "Read confirmed outcomes.",
    "labels:write": "Send chargebacks and confirmations.",
    "webhooks:read": "See its own webhook endpoints, deliveries and events.",
    "webhooks:write": "Make and change its own webhook endpoints, and send again.",
    "alerts:read": "Be told of alarms of models and of the system, and see what was written to whom.",
    "alerts:write": "Raise alerts of fraud and of the system.",
    "analytics:read": "Read the bank's figures: outcomes, fraud, scores and models, over all clients.",
    "monitoring:read": "Read how the system is: services, load, alarms, metrics.",
}
