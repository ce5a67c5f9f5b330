-- As the transactions they stand beside: never changed, and each of a transaction of its own account.
SELECT sentinel_make_insert_only('ledger_importedtransaction');
SELECT ledger_make_checked('ledger_importedtransaction', 'ledger_check_of_transaction');
