"""The domain: whose data it is and what may be done with it.

Every write walks `intake`, every unit of work is `session.acting_as`, every sealed value is `encryption`'s. Nothing here knows
HTTP, GraphQL or the worker: `server` and `workers` say *when*, this room says *what*, PostgreSQL has the last word on *whose*.
"""
