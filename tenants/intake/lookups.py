"""Look-ups: exact values of sealed fields, made right as the intake would, turned into the blind indexes under which they are found."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.encryption import Keyring
from tenants.intake import normalise
from tenants.intake.problems import Fault
from tenants.intake.rules import KeyKind, TenantRules
from tenants.refusals import Invalid


def digests(kind: KeyKind, texts: Sequence[str], tenant: TenantRules, keyring: Keyring, path: Sequence[str] = ()) -> list[bytes]:
    """The digest of each text.

    A value that was kept as it was entered, flagged, has no index: it is found by no look-up.

    Args:
        path: the input field the texts come from, for the refusal.

    Raises:
        Invalid: a text that is no value of this kind in the tenant's country.
    """
    index = keyring.blind_index(kind)
    return [index.digest(_key(kind, text, tenant, path)) for text in texts]


def _key(kind: KeyKind, text: str, tenant: TenantRules, path: Sequence[str]) -> str:
    match kind:
        case KeyKind.PHONE:
            found = normalise.phone(text, tenant.country)
        case KeyKind.EMAIL:
            found = normalise.email(text)
        case _:
            found = normalise.national_id(text, tenant.country)
    if isinstance(found, Fault):
        raise Invalid(f"{found.wrong} {found.right}", field=path, code=found.code)
    return normalise.email_key(found) if kind is KeyKind.EMAIL else found
