"""User errors: why an act was not done, as part of its payload, where the caller can act on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import strawberry
from strawberry.utils.str_converters import to_camel_case

from server.errors import refusal_in
from server.reads.acts import KEY_ARGUMENT
from server.reads.declaring import argument
from server.reads.places import PERMISSION
from server.reads.refused import Refused
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.intake.drafts import Outcome
from tenants.intake.problems import Code, Problem, Severity
from tenants.refusals import NotAllowed, Refusal
from tenants.session import session
from tenants.words import RecordType

_KEY = (
    "A text of yours, up to 255 visible ASCII characters, a new UUID at best: sent again with it within 24 hours the mutation is not done "
    "again and has the same answer. For the whole request it may stand in the header Idempotency-Key."
)

P = ParamSpec("P")
A = TypeVar("A")


@strawberry.type(description="Why something was not done, and what would be right.")
class UserError:
    code: str = strawberry.field(
        description="INVALID, CONFLICT, NOT_FOUND, NOT_ALLOWED, TOO_LARGE, or a problem with a value: DUPLICATE, REQUIRED, BAD_DATE, …"
    )
    message: str = strawberry.field(description="What is wrong and what would be right, for people.")
    field: list[str] | None = strawberry.field(description="The path of the input field it is about; null for the whole.", default=None)
    row: int | None = strawberry.field(description="In a batch, the row it is about, from 1.", default=None)
    conflicts_with: strawberry.ID | None = strawberry.field(description="The id of the record that is in the way.", default=None)


def mutation(
    payload: Callable[..., A], description: str, *, permission: Permission | tuple[Permission, ...] | None
) -> Callable[[Callable[P, Awaitable[A | None]]], Callable[P, Awaitable[A | None]]]:
    """Declares an act as a mutation. It runs inside a unit of work that `server.reads.execute` opens, and what it returns is read in it.

    A refusal, which undoes the unit of work, becomes a user error of this payload; a bug goes on.

    Args:
        permission: what is needed to begin, one of several, or None: nothing but a member or a key. How far it reaches, the domain says.
    """

    def declare(act: Callable[P, Awaitable[A | None]]) -> Callable[P, Awaitable[A | None]]:
        @wraps(act)
        async def refusing(*args: P.args, **kwargs: P.kwargs) -> A | None:
            try:
                _check(permission)
                return await act(*args, **kwargs)
            except Exception as error:  # a refusal may be wrapped by a library; anything else is raised again
                refusal = refusal_in(error)
                if refusal is None:
                    raise
                raise Refused(payload(user_errors=[of_refusal(refusal)])) from None

        field: Any = strawberry.mutation(resolver=refusing, description=description, metadata={PERMISSION: permission})
        field.arguments = [*field.arguments, argument(KEY_ARGUMENT, str | None, _KEY)]
        return cast("Callable[P, Awaitable[A | None]]", field)

    return declare


def _check(permission: Permission | tuple[Permission, ...] | None) -> None:
    rights = session().actor.rights
    wanted = permission if isinstance(permission, tuple) else () if permission is None else (permission,)
    if wanted and not any(map(rights.may, wanted)):
        raise NotAllowed(f"Your roles do not give you {' or '.join(wanted)}.")


def of_refusal(refusal: Refusal) -> UserError:
    conflict = strawberry.ID(refusal.conflicts_with) if refusal.conflicts_with else None
    return UserError(
        code=refusal.code,
        message=refusal.message,
        field=[part for name in refusal.field for part in path_of(name)] or None,
        row=refusal.row,
        conflicts_with=conflict,
    )


def of_problems(outcome: Outcome, record_type: RecordType) -> list[UserError]:
    """The errors among the problems of a batch of one."""
    return [_of_problem(problem, outcome, record_type) for problem in outcome.problems if problem.severity is Severity.ERROR]


def _of_problem(problem: Problem, outcome: Outcome, record_type: RecordType) -> UserError:
    noun, holder = outcome.holders.get(
        problem.field or "", (record_type, outcome.record_ids[0] if problem.code is Code.DUPLICATE else None)
    )
    return UserError(
        code=problem.code.value,
        message=f"{problem.wrong} {problem.right}",
        field=path_of(problem.field) if problem.field else None,
        conflicts_with=strawberry.ID(global_id(noun, holder)) if holder else None,
    )


def path_of(target: str) -> list[str]:
    """The path of an input field from its target: `birth_date` → birthDate, `custom.shoe_size` → custom, shoe_size.

    A link to a customer by a key is an input of its own: `customer_phone` → customer, phone.
    """
    first, *rest = target.split(".")
    if first.startswith("customer_") and first != "customer_id":
        return ["customer", to_camel_case(first.removeprefix("customer_"))]
    return [to_camel_case(first), *(rest if first == "custom" else map(to_camel_case, rest))]
