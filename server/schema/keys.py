"""API keys: the type, and how members give partners keys, change, rotate and end them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from server.reads.declaring import by_id, identity, items, newest, read_back, stored, stored_in, told_once
from server.schema.pages import Connection, Node
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, given, optional
from tenants import api_keys
from tenants.access.permissions import Permission
from tenants.ids import local_id
from tenants.refusals import Invalid, NotFound

OVERLAP_HOURS = 24
_MANAGE = Permission.API_KEY_MANAGE

KeyId = Annotated[strawberry.ID, argument("The key's global id, `key_…`; not its secret.")]

_NETWORKS = "Networks or addresses, `203.0.113.0/24` or `2001:db8::/32`, up to 50"


@strawberry.enum(description="Whether a key is good: ACTIVE, or why not. It is not either while its maker or your tenant is suspended.")
class ApiKeyStatus(StrEnum):
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@strawberry.type(description="A secret that a key had before it was rotated, and that is still good.")
class FormerSecret:
    ends_at: datetime = stored("Until when.")
    last_used_at: datetime | None = stored("When it was last used, to the minute: null says that nobody needs it any more.")


_IDS = "ARRAY(SELECT '{prefix}_' || replace(each::text, '-', '') FROM unnest({{row}}.{column}) each)"
_ID = "'{prefix}_' || replace({{row}}.{column}::text, '-', '')"
_STATUS = "CASE WHEN {row}.revoked_at IS NOT NULL THEN 'REVOKED' WHEN {row}.expires_at <= now() THEN 'EXPIRED' ELSE 'ACTIVE' END"
_FORMER = """(SELECT s.ends_at, s.last_used_at FROM former_secret s
    WHERE s.tenant_id = $1 AND s.key_id = {row}.id AND s.ends_at > now()) AS {item}"""


@stored_in("api_key", "API_KEY", Permission.API_KEY_READ)
@strawberry.type(description="What a partner's program proves by who it is. Of its secret only a hash is kept.")
class ApiKey(Node):
    id: strawberry.ID = identity()
    name: str = stored("What it is for, up to 200 characters.")
    role_ids: list[strawberry.ID] = stored(
        "The roles that say what it may do, as far as who made it may do that too.", _IDS.format(prefix="rol", column="role_ids")
    )
    may_reveal: bool = stored("Whether it reads sealed values in clear, where its roles allow that.")
    networks: list[str] = stored("Where it may be used from; everywhere where there are none.", "{row}.networks::text[]")
    points_per_minute: int | None = stored("The points it may spend a minute; null: as every key.")
    expires_at: datetime | None = stored("Until when it is good; null: until it is revoked.")
    status: ApiKeyStatus = stored("Whether it is good.", _STATUS)
    made_by: strawberry.ID | None = stored(
        "The member who answers for it, and whose rights bound it: who made it, last rotated it or gave it its roles. Null: the operator.",
        _ID.format(prefix="mem", column="made_by"),
    )
    made_by_key: strawberry.ID | None = stored(
        "The key that made it, and with which it ends.", _ID.format(prefix="key", column="made_by_key")
    )
    rotated_at: datetime | None = stored("When it last got a new secret.")
    former_secrets: list[FormerSecret] = items(_FORMER, "{item}.ends_at", "Secrets from before that are still good.")
    last_used_at: datetime | None = stored("When it was last used, to the minute.")
    last_address: str | None = stored("From which network address that was.", "{row}.last_address")
    created_at: datetime = stored("When it was made.")
    revoked_at: datetime | None = stored("When it was ended.")
    updated_at: datetime = stored("When it was last changed; its use is no change.")
    version: int = stored("Counts its changes, from 1.")


@strawberry.input(description="A new key. It can do no more than you, now and whatever becomes of your roles.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What it is for, up to 200 characters.")
    role_ids: list[strawberry.ID] = strawberry.field(description="The roles that say what it may do, 1 to 20.")
    may_reveal: bool = strawberry.field(description="It reads sealed values in clear, where its roles allow that.", default=False)
    networks: list[str] | None = optional(f"{_NETWORKS}: it is refused elsewhere. Left out: it may be used from everywhere.")
    points_per_minute: int | None = optional("Points it may spend a minute, fewer than other keys.")
    expires_at: datetime | None = optional("Until when it is good. Left out: until it is revoked.")


@strawberry.input(description="Changes of a key. What is left out stays as it is.")
class UpdateApiKeyInput:
    id: strawberry.ID = strawberry.field(description="The key's global id, `key_…`.")
    name: str | None = optional("Up to 200 characters; never null.")
    role_ids: list[strawberry.ID] | None = optional("In place of those it had, 1 to 20; never null.")
    may_reveal: bool | None = optional("Whether it reads sealed values in clear; never null.")
    networks: list[str] | None = optional(f"{_NETWORKS}, in place of those it had; null or none: everywhere.")
    points_per_minute: int | None = optional("Points it may spend a minute; null: as every key.")
    expires_at: datetime | None = optional("Until when it is good; null: until it is revoked.")


@strawberry.input(description="A new secret for a key.")
class RotateApiKeyInput:
    id: strawberry.ID = strawberry.field(description="The key's global id, `key_…`.")
    overlap_hours: int = strawberry.field(
        description="How long the secret it had is good besides, 0 to 168. With 0 all it ever had end at once.", default=OVERLAP_HOURS
    )


@strawberry.type(description="What became of a mutation of a key.")
class ApiKeyPayload:
    api_key: UUID | None = read_back(ApiKey | None, "The key as it is now; null where `userErrors` says why not.")
    user_errors: list[UserError] = strawberry.field(description="Empty when it was done.", default_factory=list)


@strawberry.type(description="What became of making or rotating a key.")
class ApiKeySecretPayload:
    api_key: UUID | None = read_back(ApiKey | None, "The key as it is now; null where `userErrors` says why not.")
    secret: str | None = told_once(
        "What its program sends: `Authorization: Bearer kelu_…`. It is told this once, and kept nowhere: where the same mutation is sent "
        "again with its idempotency key it is null, and only rotating the key gives another."
    )
    user_errors: list[UserError] = strawberry.field(description="Empty when it was done.", default_factory=list)


@strawberry.type
class ApiKeyQueries:
    api_keys: Connection[ApiKey] = newest("Your tenant's API keys, newest first, those that have ended too.")
    api_key: ApiKey | None = by_id("One API key; null, with an error NOT_FOUND, where there is none of yours.")


@strawberry.type
class ApiKeyMutations:
    @mutation(ApiKeySecretPayload, "Make an API key for a program. Nobody makes one that can do more than he himself.", permission=_MANAGE)
    async def create_api_key(
        self, input: Annotated[CreateApiKeyInput, argument("What it may do, from where and how long.")]
    ) -> ApiKeySecretPayload | None:
        said = given(input) | {"role_ids": _role_ids(input.role_ids)}
        key, secret = await api_keys.add_api_key(**said)
        return ApiKeySecretPayload(api_key=key.id, secret=secret)

    @mutation(
        ApiKeyPayload,
        "Change a key. You need all that its roles give, before and after, and answer for it once you say what it may do. CONFLICT where "
        "it is revoked.",
        permission=_MANAGE,
    )
    async def update_api_key(
        self, input: Annotated[UpdateApiKeyInput, argument("The key, and what is to be different.")]
    ) -> ApiKeyPayload | None:
        id = _key_id(input.id, ["id"])
        await api_keys.change(id, _changes(input))
        return ApiKeyPayload(api_key=id)

    @mutation(
        ApiKeySecretPayload,
        "Give a key a new secret. The one it had stays good for the overlap; see `formerSecrets` for whether it is still used. You need "
        "all that its roles give, and answer for the key from then on: it can do no more than you.",
        permission=_MANAGE,
    )
    async def rotate_api_key(
        self, input: Annotated[RotateApiKeyInput, argument("The key, and the overlap.")]
    ) -> ApiKeySecretPayload | None:
        id = _key_id(input.id, ["id"])
        secret = await api_keys.rotate(id, timedelta(hours=input.overlap_hours))
        return ApiKeySecretPayload(api_key=id, secret=secret)

    @mutation(ApiKeyPayload, "End the secrets a key had before it was rotated, without waiting for their overlap.", permission=_MANAGE)
    async def end_former_secrets(self, id: KeyId) -> ApiKeyPayload | None:
        await api_keys.end_former_secrets(_key_id(id))
        return ApiKeyPayload(api_key=_key_id(id))

    @mutation(ApiKeyPayload, "End a key for good, and with it those that it made. It is refused within a second.", permission=_MANAGE)
    async def revoke_api_key(self, id: KeyId) -> ApiKeyPayload | None:
        await api_keys.revoke(_key_id(id))
        return ApiKeyPayload(api_key=_key_id(id))


def _changes(input: UpdateApiKeyInput) -> dict[str, Any]:
    """What an input says, limits that it takes away too.

    Raises:
        Invalid: something is null that cannot be.
    """
    said = {name: value for name, value in vars(input).items() if value is not strawberry.UNSET and name != "id"}
    for name in ("name", "role_ids", "may_reveal"):
        if name in said and said[name] is None:
            raise Invalid("This cannot be null: leave it out, and it stays as it is.", field=[name])
    if "role_ids" in said:
        said["role_ids"] = _role_ids(said["role_ids"])
    if "networks" in said:
        said["networks"] = said["networks"] or []
    return said


def _role_ids(ids: list[strawberry.ID]) -> list[UUID]:
    found = [local_id("ROLE", each) for each in ids]
    if None in found:
        raise Invalid("There is no such role.", field=["role_ids"])
    return [each for each in found if each is not None]


def _key_id(id: str, field: list[str] | None = None) -> UUID:
    key_id = local_id("API_KEY", id)
    if key_id is None:
        raise NotFound("There is no such API key.", field=field or [])
    return key_id
