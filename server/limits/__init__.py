"""Limits: what a request may bring and ask for, each checked before the expensive step it guards.

In this order: the bytes of its head (`head`) and of its body (`body`) while they come, how deep its JSON is and how large its variables
are (`server.transport.request`), the document's characters and tokens before and while it is parsed, its depth, aliases, directives and
root fields before it is validated (`document`), the page sizes, records and points of its plan before anything is read
(`server.reads.cost`), what the key and the tenant have left to spend (`tenants.budgets`), and last PostgreSQL's own statement timeout.
Each limit is a setting; each refusal has the code TOO_LARGE, but RATE_LIMITED where waiting helps.
"""
