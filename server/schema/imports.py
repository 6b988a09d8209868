"""Imports: the type, how a file's import is started and steered, and how its progress is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from server.authentication import Context
from server.reads.declaring import by_id, first_argument, identity, items, newest, read_back, stored, stored_in, told
from server.reads.places import EVENT, PERMISSION
from server.schema.pages import Connection, Node
from server.schema.user_errors import UserError, mutation
from server.schema.values import argument, given, optional
from tenants.access.permissions import Permission
from tenants.ids import local_id
from tenants.imports import runs
from tenants.imports.findings import findings
from tenants.imports.options import ImportOptions
from tenants.imports.runs import Status
from tenants.intake.problems import Problem, Severity
from tenants.intake.rules import Fill, KeyKind, OnMatch, OnMissing
from tenants.refusals import Invalid, NotFound
from tenants.session import acting_as
from tenants.words import RecordType

PROBLEMS_MOST = 1_000
PROBLEMS_DEFAULT = 50
_POLL_SECONDS = 0.5

ImportId = Annotated[strawberry.ID, argument("The import's global id.")]

_NO_IMPORT = "There is no such import."
_INPUT_NAMES = {"columns": "mapping", "system": "source_name"}

strawberry.enum(
    Status,
    name="ImportStatus",
    description="WAITING → READING the file → RUNNING, taking its rows in → DONE. PAUSED goes on when resumed; FAILED and CANCELLED keep "
    "what was taken in before.",
)
strawberry.enum(KeyKind, name="MatchBy", description="What a customer may be recognised by.")
strawberry.enum(OnMatch, description="What to do with a row that matches a stored record.")
strawberry.enum(OnMissing, description="What to do with a row that matches none.")
strawberry.enum(Fill, description="How a given value meets a stored one that differs.")


@strawberry.type(description="A column of the file, and the field it goes to.")
class ColumnMapping:
    column: str = stored(
        "How `startImport` names it: its header, or `#n` for the n-th column where it has none.",
        "coalesce(nullif({row}.value->>'header', ''), '#' || ({row}.value->>'number'))",
    )
    number: int = stored("Its place in the file, from 1.", "({row}.value->>'number')::int")
    header: str = stored("Its header as it stands in the file.", "{row}.value->>'header'")
    target: str | None = stored(
        "The field: `phone`, `contact.name`, `lines.product`; null where it goes nowhere.", "{row}.value->>'target'"
    )
    how: str = stored(
        "GIVEN by you, EXACT name, SYNONYM, LIKENESS, REPEATED (another column says the same) or UNMAPPED.", "{row}.value->>'how'"
    )


@strawberry.type(description="How many records of one type an import has created, updated or found unchanged.")
class RecordCount:
    record_type: RecordType = stored("The type of the records.")
    action: str = stored("CREATE, UPDATE or UNCHANGED.")
    count: int = stored("How many.")


@strawberry.type(description="Something that is wrong in a row.")
class ImportProblem:
    row: int = strawberry.field(description="The row of the file, from 1 below the header.")
    field: str | None = strawberry.field(description="The target of the column; null for the whole row.")
    code: str = strawberry.field(description="What is wrong, for programs: IMPLAUSIBLE_PHONE, BAD_DATE, BROKEN_LINK, …")
    severity: Severity = strawberry.field(description="Whether it refuses the row.")
    wrong: str = strawberry.field(description="What is wrong, for people.")
    right: str = strawberry.field(description="What would be right.")


async def _problems(id: UUID, first: int) -> list[Problem]:
    if not 1 <= first <= PROBLEMS_MOST:
        raise Invalid(f"An import shows 1 to {PROBLEMS_MOST} problems; `GET /imports/{{id}}/rejected.csv` has all.", field=["first"])
    return await findings(id, first)


_SPEED = """round((CASE {row}.status
    WHEN 'READING' THEN {row}.rows_staged / nullif(extract(epoch FROM now() - {row}.started_at), 0)
    WHEN 'RUNNING' THEN ({row}.rows_read - {row}.rows_before) / nullif(extract(epoch FROM now() - {row}.running_at), 0)
    WHEN 'DONE' THEN {row}.rows_read / nullif(extract(epoch FROM {row}.finished_at - {row}.started_at), 0)
    END)::numeric, 1)"""
_RECORDS = """(SELECT type.key AS record_type, action.key AS action, action.value::int AS count
    FROM jsonb_each({row}.records) AS type, jsonb_each(type.value) AS action) AS {item}"""


@stored_in("import_run", "IMPORT", Permission.IMPORT_READ)
@strawberry.type(description="A file on its way into your records. Rows are those of the file that are not blank.")
class Import(Node):
    id: strawberry.ID = identity()
    record_type: RecordType = stored("What each row is; rows may carry nested records too.")
    file_name: str = stored(
        "The name the file was sent with.", "(SELECT u.name FROM upload u WHERE u.tenant_id = $1 AND u.id = {row}.upload_id)"
    )
    status: Status = stored("How far it is.")
    is_dry_run: bool = stored("Whether it only tells what it would do.")
    mapping: list[ColumnMapping] = items(
        "jsonb_array_elements({row}.mapping) WITH ORDINALITY AS {item}(value, place)",
        "{item}.place",
        "Every column of the file, in its order.",
    )
    records: list[RecordCount] = items(_RECORDS, "{item}.record_type, {item}.action", "Records by type and by what became of them.")
    rows_total: int | None = stored(
        "Rows in the file; null until all of it has been read.", "CASE WHEN {row}.is_staged THEN {row}.rows_staged END"
    )
    rows_blank: int = stored("Blank rows of the file, which count nowhere else.")
    rows_read: int = stored("Rows taken in so far: the sum of the five below.")
    rows_created: int = stored("Rows that made a record.")
    rows_updated: int = stored("Rows that changed a record.")
    rows_unchanged: int = stored("Rows that say what is stored already.")
    rows_skipped: int = stored("Rows left out as `onMatch` or `onMissing` says.")
    rows_rejected: int = stored("Rows with an error.")
    warnings: int = stored("Values kept as entered, flagged.")
    rows_per_second: float | None = stored("Of reading while READING, of taking in afterwards, of the whole once DONE.", _SPEED)
    seconds_left: float | None = stored(
        "Seconds until all rows are taken in, at this speed; null while nobody can tell.",
        f"CASE WHEN {{row}}.status = 'RUNNING' THEN round(({{row}}.rows_staged - {{row}}.rows_read) / nullif({_SPEED}, 0), 1) END",
    )
    failure_reason: str | None = stored("Why it FAILED, for people.")
    created_at: datetime = stored("When it was asked for.")
    started_at: datetime | None = stored("When reading began.")
    finished_at: datetime | None = stored("When it was over.")
    problems: list[ImportProblem] = told(
        _problems,
        f"The first problems in the order of the file, 1 to {PROBLEMS_MOST:,}, {PROBLEMS_DEFAULT} unless told otherwise.",
        [first_argument(PROBLEMS_DEFAULT)],
    )


@strawberry.input(description="Which field a column goes to.")
class ColumnMappingInput:
    column: str = strawberry.field(description="The column's header, or `#n` for the n-th column.")
    target: str | None = optional("The field, as `mapping` shows it: `phone`, `contact.name`, `lines.product`; null leaves the column out.")


@strawberry.input(description="A file to import. What is not said is found out from the file.")
class StartImportInput:
    upload_id: strawberry.ID = strawberry.field(description="What `POST /uploads` answered.")
    record_type: RecordType = strawberry.field(description="What each row is. Order lines come with their orders.")
    mapping: list[ColumnMappingInput] | None = optional("Columns you map yourself, at most 500.")
    encoding: str | None = optional("UTF-8, GB18030, …")
    separator: str | None = optional("One character.")
    sheet: str | None = optional("A workbook's sheet by name, up to 200 characters.")
    header_row: int | None = optional("The row the headers stand in, from 1.")
    match_by: list[KeyKind] | None = optional(
        "Keys by which rows of customers find stored ones, tried in this order. Unsaid: the external id where the file "
        "has one, else phone, e-mail and national id."
    )
    on_match: OnMatch | None = optional("UPDATE unless said otherwise.")
    on_missing: OnMissing | None = optional("CREATE unless said otherwise.")
    fill: Fill | None = optional("OVERWRITE unless said otherwise.")
    source_name: str | None = optional(
        "The system the file's external ids belong to, up to 100 characters; unsaid, they are your tenant's own numbers."
    )
    dry_run: bool = strawberry.field(description="Go the whole way and write nothing.", default=False)

    def options(self) -> ImportOptions:
        """What was said, checked.

        Raises:
            Invalid: a value that cannot be.
        """
        said = given(self)
        said["columns"] = {each.column: each.target or "" for each in said.pop("mapping", ())}
        if "source_name" in said:
            said["system"] = said.pop("source_name")
        try:
            return ImportOptions.of(**{name: said[name] for name in ImportOptions.model_fields if name in said})
        except Invalid as refusal:
            raise Invalid(refusal.message, field=[_INPUT_NAMES.get(name, name) for name in refusal.field]) from None


@strawberry.type(description="What became of a mutation of an import.")
class ImportPayload:
    import_: UUID | None = read_back(Import | None, "The import as it is now; null where `userErrors` says why not.", name="import")
    user_errors: list[UserError] = strawberry.field(description="Empty when it was done.", default_factory=list)


@strawberry.type
class ImportQueries:
    imports: Connection[Import] = newest("Your imports, newest first.")
    import_: Import | None = by_id("One import; null, with an error NOT_FOUND, where there is none of yours.", name="import")


@strawberry.type
class ImportMutations:
    @mutation(
        ImportPayload,
        "Start importing an uploaded file. It goes on by itself: follow it with `importProgress` or `import`.",
        permission=Permission.IMPORT_RUN,
    )
    async def start_import(self, input: Annotated[StartImportInput, argument("The file and what to do with it.")]) -> ImportPayload | None:
        upload_id = local_id("UPLOAD", input.upload_id)
        if upload_id is None:
            raise NotFound("There is no such upload.", field=["upload_id"])
        options = input.options()
        return ImportPayload(import_=await runs.start_import(upload_id, input.record_type, options, is_dry_run=input.dry_run))

    @mutation(ImportPayload, "End an import; what was taken in stays. CONFLICT where it is over.", permission=Permission.IMPORT_RUN)
    async def cancel_import(self, id: ImportId) -> ImportPayload | None:
        await runs.cancel(_run_id(id))
        return ImportPayload(import_=_run_id(id))

    @mutation(
        ImportPayload, "Hold an import until it is resumed. CONFLICT where it is over or paused already.", permission=Permission.IMPORT_RUN
    )
    async def pause_import(self, id: ImportId) -> ImportPayload | None:
        await runs.pause(_run_id(id))
        return ImportPayload(import_=_run_id(id))

    @mutation(ImportPayload, "Let a paused import go on. CONFLICT where it is not paused.", permission=Permission.IMPORT_RUN)
    async def resume_import(self, id: ImportId) -> ImportPayload | None:
        await runs.resume(_run_id(id))
        return ImportPayload(import_=_run_id(id))


@strawberry.type
class ImportSubscriptions:
    @strawberry.subscription(  # type: ignore[untyped-decorator]  # what it yields is read back, which graphql_type cannot say in types
        description="An import whenever it has got on, looked at twice a second, until it is over.",
        graphql_type=Import,
        metadata=EVENT | {PERMISSION: Permission.IMPORT_READ},
    )
    async def import_progress(self, info: strawberry.Info[Context, None], id: ImportId) -> AsyncIterator[UUID]:
        run_id, seen, is_over = _run_id(id), None, False
        while not is_over:
            async with acting_as(await info.context.still_allowed(), read_only=True):
                now = await runs.progress(run_id)
            if now != seen:
                yield run_id
            seen, is_over = now, now.is_over
            if not is_over:
                await asyncio.sleep(_POLL_SECONDS)


def _run_id(id: str) -> UUID:
    run_id = local_id("IMPORT", id)
    if run_id is None:
        raise NotFound(_NO_IMPORT)
    return run_id
