"""Authority: who may change what others may do. Nobody gives, takes away or touches more than he has himself.

One change of access is made at a time in a tenant (`Authority.begin` takes the turn), by what the database says then of who makes it, not
by what was believed a second ago: of two admins who demote one another at once, the second is no admin any more.

Rules
    - A role that is made, changed, given or taken away lies within the rights of who does it: within one of his own roles
      (`Rights.is_within`). Of a changed role that holds before and after.
    - A condition may turn only on what its maker may read where the role reaches, or stand in that very role of his: else a role made for
      an accomplice, or its preview, would tell him of a field that is hidden from him.
    - Nobody changes his own roles, nor a role he acts by, nor suspends, resumes or removes himself.
    - Who may do more than oneself is out of reach: his roles, his status, his place in a team, and every role he has.
    - Who joins a team may see more by it, and so may those who are in it: what their roles reach by TEAM, who adds him has by ALL. The same
      holds for a role that is given to somebody in a team, and for a role's change where somebody who has it is in one.
    - A tenant that has an active ADMIN keeps one (`tenants.people.members.keep_an_admin`). This alone binds the operator, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from tenants.access.actors import actor_now, rights_in_tenant
from tenants.access.permissions import ON_RECORDS, Action, Level, Permission, Scope, on
from tenants.access.rights import Grant, Rights, Test, rights_of
from tenants.refusals import NotAllowed
from tenants.session import Actor, ActorKind, session
from tenants.words import RecordType

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('kelu access ' || $1::uuid, 0))"
_OWN_ROLES = """
SELECT coalesce((SELECT role_ids FROM member WHERE tenant_id = $1 AND id = $2), '{}')
    || coalesce((SELECT k.role_ids || coalesce(p.role_ids, '{}') FROM api_key k
        LEFT JOIN api_key p ON p.tenant_id = $1 AND p.id = k.made_by_key WHERE k.tenant_id = $1 AND k.id = $3), '{}')
"""
#: The roles of all who bear one: what they have together is within somebody's rights if each role of it is.
_OF_BEARERS = """
SELECT array_agg(DISTINCT each) FROM (
    SELECT unnest(role_ids) AS each FROM member WHERE tenant_id = $1 AND $2 = any(role_ids) AND status <> 'REMOVED'
    UNION ALL SELECT unnest(role_ids) FROM api_key WHERE tenant_id = $1 AND $2 = any(role_ids) AND revoked_at IS NULL
) AS borne
"""
_MORE = "You can give and take only what you may do yourself: {} is more."


@dataclass(frozen=True, slots=True)
class Authority:
    """Who changes access, as he is now. `role_ids` are those he acts by; an operator has none."""

    actor: Actor
    role_ids: frozenset[UUID]

    @classmethod
    async def begin(cls, permission: Permission) -> Authority:
        """Take the tenant's turn to change access, until the unit of work ends, and look up anew who we are.

        Raises:
            NotAllowed: the permission is not had, or not any more.
        """
        await session().connection.execute(_TURN, session().tenant_id)
        return await cls.now(permission)

    @classmethod
    async def now(cls, permission: Permission) -> Authority:
        """Who we are, without taking a turn: for whoever only asks what a change would do. Raises as `begin` does."""
        unit = session()
        actor = await actor_now(unit.connection, unit.actor)
        if not actor.rights.may(permission):
            raise NotAllowed(f"Your roles do not give you {permission}.")
        key_id = actor.id if actor.kind is ActorKind.API_KEY else None
        own = await unit.connection.fetchval(_OWN_ROLES, unit.tenant_id, actor.member_id, key_id)
        return cls(actor, frozenset(own))

    @property
    def rights(self) -> Rights:
        return self.actor.rights

    @property
    def is_bound(self) -> bool:
        """Whether the rules hold for him: an operator may do everything, and no tenant has made him."""
        return self.actor.kind is not ActorKind.OPERATOR

    def check_grant(self, grant: Grant, what: str) -> None:
        """A role may be given or taken away, as far as it goes.

        Raises:
            NotAllowed: it is more than he has.
        """
        if self.is_bound and not rights_of([grant]).is_within(self.rights):
            raise NotAllowed(_MORE.format(what))

    def check_made(self, grant: Grant, what: str) -> None:
        """As `check_grant`, and its conditions turn on nothing that is hidden from who makes it."""
        self.check_grant(grant, what)
        around = [own for own in self.rights.grants if rights_of([grant]).is_within(rights_of([own]))]
        if self.is_bound and not any(_shows_what_is_tested(own, grant) for own in around):
            raise NotAllowed(f"A condition can be on a field only that you may read yourself: {what} has another.")

    def check_counted(self, rights: Rights) -> None:
        """Records that these rights reach may be counted for him: their conditions turn on nothing that is hidden from him.

        Raises:
            NotAllowed: one does.
        """
        hidden = [each for grant in rights.grants for each in grant.tests if not self._shows(each)]
        if self.is_bound and hidden:
            raise NotAllowed("One of these roles has a condition on a field that you may not read yourself.")

    def _shows(self, tested: tuple[RecordType, tuple[Test, ...]]) -> bool:
        noun, tests = tested
        everywhere = self.rights.readable(noun)
        return bool(everywhere) and all(self.rights.readable(noun, test.field) == everywhere for test in tests)

    async def check_roles(self, role_ids: Iterable[UUID], what: str) -> Rights:
        """What these roles give together, which has to be within his own.

        Raises:
            NotAllowed: it is more than he has.
        """
        found = await rights_in_tenant(session().connection, self.actor.tenant_id, role_ids)
        if self.is_bound and not found.is_within(self.rights):
            raise NotAllowed(_MORE.format(what))
        return found

    async def check_bearers(self, role_id: UUID) -> None:
        """All who have a role may do no more than he.

        Raises:
            NotAllowed: he has the role himself, or somebody who may do more has it.
        """
        if role_id in self.role_ids:
            raise NotAllowed("Nobody changes a role that he has himself.")
        borne = await session().connection.fetchval(_OF_BEARERS, self.actor.tenant_id, role_id)
        await self.check_roles(borne or (), "what somebody with this role may do")

    def check_other(self, member_id: UUID) -> None:
        """It is not himself.

        Raises:
            NotAllowed: it is.
        """
        if member_id == self.actor.member_id:
            raise NotAllowed("Nobody changes what he may do himself: somebody else has to.")

    def check_team(self, rights: Rights) -> None:
        """What roles reach by TEAM, he reaches by ALL: who is in a team sees by them what the others own.

        Raises:
            NotAllowed: he does not.
        """
        for grant in rights.grants:
            self.check_grant(_widened(grant), "what can be reached by being in this team")


def _shows_what_is_tested(own: Grant, made: Grant) -> bool:
    """Whether each condition of a role is one of his own, or on a field that his role shows him."""
    for noun, tests in made.tests:
        mine = dict(own.tests).get(noun, ())
        for test in tests:
            is_read = own.scope(on(noun, Action.READ)) is not None and own.level(noun, test.field).height >= Level.READ.height
            if test not in mine and not is_read:
                return False
    return True


def _widened(grant: Grant) -> Grant:
    """What a role reaches by TEAM, as if it were everybody's."""
    by_team = {permission for permission, scope in grant.permissions if scope is Scope.TEAM}
    nouns = {ON_RECORDS[permission][0] for permission in by_team}
    return Grant(
        tuple((permission, Scope.ALL) for permission in sorted(by_team)),
        tuple(each for each in grant.levels if each[0] in nouns),
        tuple(each for each in grant.tests if each[0] in nouns),
    )
