"""The ledger: forecasts recorded before their outcome, in a chain that shows every rewrite.

``chain`` owns the hashes, ``tables`` and ``migrations`` the database, ``grading`` the outcome of a
forecast, ``sums`` what is counted of outcomes, ``evidence`` the verdict, which may be read after
every forecast, and ``store`` ties them together. Nothing here is imported unless the ledger is
used.
"""
