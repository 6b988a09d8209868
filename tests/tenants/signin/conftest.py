"""Members of a tenant who can sign in."""

from __future__ import annotations

import pytest

from tenants.installation import Installation
from tests.tenants.signin.members import MakeMember, member_of


@pytest.fixture
def make_member(opened: Installation) -> MakeMember:
    """Makes an active member of an actor's tenant: of a person of its own, or of one there is."""
    return member_of
