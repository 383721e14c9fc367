"""Alarms: a user is told, once, when something happens that a rule was set for.

``rules`` checks and describes what can be set, ``occasions`` finds what happened, ``drift`` judges
ranges at any time, ``rates`` says how often an alarm comes without a cause, ``store`` keeps rules,
alarms and messages in the database of the ledger, and ``sending`` delivers through Apprise.
"""
