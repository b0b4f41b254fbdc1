"""Commands for every resource, made from our OpenAPI document.

`groups` is the table: which group stands for which path, and which verb for which operation. `describe` boils the
document down to what the commands need, `operations.json`, which ships with the package so that the command line is
quick and asks no server; a test holds it in step. `commands` makes the commands of one group.
"""
