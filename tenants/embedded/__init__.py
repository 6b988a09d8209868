"""PostgreSQL and Valkey of our own, when nobody configured any: started on demand, shared, stopped by the last user.

Words. The *home* is the folder (0700) that holds everything. A *user* is a running kelu process between `Embedded.__enter__`
and `__exit__`. A *server* is PostgreSQL or Valkey, with its folder, its log and its socket.

    home/users.lock      each user holds it shared; who can take it exclusively is the last one
    home/start.lock      exclusive while servers are started or stopped; holds the id of the process that does
    home/postgres/       the database cluster and its socket      home/postgres.lock   held by the server's processes
    home/valkey/         the append-only file and its socket      home/valkey.lock     held by the server's processes
    home/logs/           one log a server, never with a statement or a value in it

Locks are flocks, so the kernel gives back what a killed process held. A server inherits the open file of its own lock, and
its children inherit it from it: while one process of a server lives, its lock is held, and once it is free none is left.
So neither process ids nor files left by a crash are evidence of anything: who listens is asked of the socket (the kernel
names the peer), who is left is asked of the lock, and a stale postmaster.pid may be removed.

Guarantees. No TCP port is open. Only the operating system user who runs kelu can log in, by peer authentication, as one of
the roles of `roles`; there is no password. A half-made cluster is made again; a made one is never removed. A server that
was killed is started again by the next user to enter, not under the users it has. A stop cut short by a kill is noted in
the server's lock file, and the next user goes through with it before starting again. Servers live in sessions of their own:
Ctrl-C on one user does not reach them; after a kill of every user they run on and the next user finds them.

As root, PostgreSQL (which refuses root) runs as `nobody`, in a folder of nobody's inside a home that nobody cannot enter:
the server is started inside the folder and told `-D /proc/self/cwd`, a link the kernel follows without walking the
parents. If nobody cannot reach the programs either, they run from a copy (`binaries`). What leaks: other processes that run
as nobody can reach the server through /proc. Run kelu as a user of its own where that matters.
Root writes into nobody's folder only through descriptors that follow no links (`folders`).
"""

from tenants.embedded.embedded import Embedded, Urls
from tenants.embedded.failures import EmbeddedFailed, HomeRefused
from tenants.embedded.roles import operator_script

__all__ = ["Embedded", "EmbeddedFailed", "HomeRefused", "Urls", "operator_script"]
