"""API keys: how a partner's program proves which tenant it acts for, and what it may do there.

A key has a *secret* (`secrets`: its form and hash), given out once when it is made or rotated; a rotated one leaves a *former secret*
that is good for an overlap. It can do what its roles give, as far as its *maker* has that too, now and as the maker's rights change
(`tenants.access.actors`). The maker is the member who made it, or who last rotated it or gave it its roles: he may know its secret, or has
chosen what it can do. Made by the operator it has no maker and is bounded by its roles alone. A key may make keys where its roles say so;
those live no longer than it does, can do no more, come from no other networks and make none.

What is promised:
    - A mistyped secret, and nearly every random text, is refused without the database. A secret that was never given out, one that
      is revoked, expired or rotated out, and one whose maker or tenant is not active are refused in the same words.
    - A process believes what it has been told of a key for a second: asking the database each time costs a small read a third of its
      speed. So a key ends at once in the process that ends it, and within a second in all others.
    - A key with networks is refused elsewhere, and where nobody knows the client's address. It is told so: whoever hears that has the
      secret already, and its owner must be able to see what is wrong. The trail is told, too, once a minute.
    - Nobody comes by more than he has: to make, change or rotate a key one needs all that its roles give. Ending one needs only the
      permission to manage keys.

What is not: a secret whose checksum was made right costs a look-up in the database like any other; its rate is the proxy's to limit.
"""

from __future__ import annotations

from tenants.api_keys.door import authenticate
from tenants.api_keys.keeping import add_api_key, change, end_former_secrets, revoke, rotate
from tenants.api_keys.limits import Limits

__all__ = ["Limits", "add_api_key", "authenticate", "change", "end_former_secrets", "revoke", "rotate"]
