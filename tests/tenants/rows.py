"""One row for each tenant table, as small as its constraints allow: what tests of the schema as a whole put into it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from tenants.ids import new_id

#: Column values by table, parents before children. A name in braces is the id of that name; the tenant goes without saying.
ROWS: dict[str, str] = {
    "tenant": "name => 'A tenant', country => 'CN', time_zone => 'UTC', currency => 'CNY'",
    "tenant_key": "version => 1, wrapped => 'x', master => 'local:0'",
    "api_key": "id => {key}, name => 'A key', hash => {hash}",
    "former_secret": "id => {former}, key_id => {key}, hash => {hash}, ends_at => now()",
    "role": "id => {role}, name => 'A role', grants => '{{}}'",
    "member": "id => {member}, email => 'a@b.example', name => 'A member'",
    "team": "id => {team}, name => 'A team'",
    "team_member": "team_id => {team}, member_id => {member}",
    "customer": "id => {customer}, kind => 'PERSON', name => 'A customer', lifecycle => 'ACTIVE'",
    "customer_key": "kind => 'external', value => 'x', holder => {customer}, customer_id => {customer}",
    "contact": "id => {contact}, customer_id => {customer}, name => 'A contact'",
    "customer_order": (
        "id => {order}, customer_id => {customer}, number => '1', ordered_at => now(), amount => 1, currency => 'CNY', status => 'OPEN'"
    ),
    "order_line": "id => {line}, order_id => {order}, position => 1, product => 'A thing', quantity => 1, unit_price => 1, amount => 1",
    "interaction": "id => {interaction}, customer_id => {customer}, channel => 'PHONE', occurred_at => now()",
    "need": "id => {need}, customer_id => {customer}, what => 'A thing', status => 'OPEN'",
    "preference": "id => {preference}, customer_id => {customer}, kind => 'colour', value => 'red'",
    "tag": "name => 'A tag'",
    "custom_field": "id => {field}, name => 'a_field', label => 'A field', type => 'TEXT'",
    "change_set": "id => {change_set}, actor_kind => 'OPERATOR', source => 'API', changes => 1",
    "change": (
        "change_set_id => {change_set}, position => 1, record_type => 'CUSTOMER', record_id => {customer}, action => 'CREATE', "
        "version => 1, body => 'x'"
    ),
    "job": "id => {job}, kind => 'import_read', subject_id => {run}, due_at => 'infinity'",
    "upload": "id => {upload}, name => 'a.csv', size => 1, sha256 => 'x'",
    "import_run": "id => {run}, upload_id => {upload}, record_type => 'CUSTOMER'",
    "import_chunk": "run_id => {run}, position => 0, first_row => 1, rows => 1",
    "trail_entry": "id => {trail_entry}, event => 'MUTATION', actor_kind => 'OPERATOR'",
    "trail_block": (
        "number => 1, sealed_at => now(), entries => 1, total => 1, previous => sha256('x'), entries_hash => sha256('x'), "
        "hashes => sha256('x'), hash => sha256('x'), key_id => 'x', signature => sha512('x')"
    ),
    "erasure": "job_id => {job}, keys => '[]'",
    "sign_in_session": (
        "id => {sign_in_session}, member_id => {member}, method => 'PASSWORD', device => '', address => '', "
        "locator_hash => sha256('x'), secret_hash => sha256('y'), idle_until => now(), ends_at => now()"
    ),
    "identity_provider": (
        "id => {identity_provider}, issuer => 'https://id.example', client_id => 'x', client_secret => 'x', "
        "email_domains => array['b.example'], default_role_ids => array[]::uuid[], makes_members => false"
    ),
    "external_identity": "issuer => 'https://id.example', subject => 'x', member_id => {member}",
    "idempotency_key": "id => {idempotency_key}, answer => 'x'",
}


def fresh_ids() -> dict[str, UUID]:
    """An id for every name in ROWS."""
    return {name: new_id() for name in set(re.findall(r"{(\w+)}", " ".join(ROWS.values())))}


async def insert(connection: Any, table: str, tenant_id: UUID, ids: dict[str, UUID]) -> None:
    """Insert the table's row for a tenant; whether that is allowed is the database's to say."""
    tenant_column = "id" if table == "tenant" else "tenant_id"
    pairs = [pair.split(" => ") for pair in ROWS[table].split(", ")]
    columns = ", ".join([tenant_column, *(column for column, _ in pairs)])
    quoted = {name: f"decode('{id.hex}', 'hex')" if name == "hash" else f"'{id}'" for name, id in ids.items()}
    values = ", ".join([f"'{tenant_id}'", *(value.format_map(quoted) for _, value in pairs)])
    await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})")


async def insert_all(connection: Any, tenant_id: UUID, tables: list[str]) -> dict[str, UUID]:
    """A tenant with a row in each of the tables, acting as it in the transaction that is open; the ids that were given."""
    ids = fresh_ids()
    await connection.execute(f"SELECT act_as_tenant('{tenant_id}')")
    for table in ROWS:
        if table in tables:
            await insert(connection, table, tenant_id, ids)
    return ids
