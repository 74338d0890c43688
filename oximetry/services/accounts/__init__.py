"""Accounts: who may sign in, how often one may try, sessions, second factors, links of one time."""
