"""The customer graph: customers and their keys, contacts, orders with lines, interactions, needs, preferences, tags, custom fields."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import EDITED, drop, one_of, tenant_table

CUSTOMER = tenant_table(
    "customer",
    f"""
    id uuid NOT NULL,
    external_id text,
    kind text NOT NULL {one_of("kind", "PERSON COMPANY")},
    name text NOT NULL,
    company text,
    gender text {one_of("gender", "FEMALE MALE OTHER")},
    birth_date bytea,
    occupation text,
    phone bytea,
    email bytea,
    address bytea,
    national_id bytea,
    postal_code text,
    country text,
    region text,
    city text,
    lifecycle text NOT NULL {one_of("lifecycle", "PROSPECT ACTIVE LAPSED")},
    source text,
    owner text,
    tags text[] NOT NULL DEFAULT '{{}}',
    custom jsonb NOT NULL DEFAULT '{{}}',
    custom_sealed bytea,
    flags text[] NOT NULL DEFAULT '{{}}',
    verified_at timestamptz,
    verified_by uuid,
    {EDITED},
    PRIMARY KEY (tenant_id, id)
    """,
)

#: `holder` is the nil uuid for a kind that is unique in its tenant, else the customer: one index finds and guards.
#: `value` is a blind index, or for the kind `external` the external id in clear. The keys of a customer are written with it, in
#: one transaction, by the intake alone; a foreign key would cost a look-up for each of them.
CUSTOMER_KEY = tenant_table(
    "customer_key",
    f"""
    kind text NOT NULL {one_of("kind", "phone email national_id external")},
    value bytea NOT NULL,
    holder uuid NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, kind, value, holder)
    """,
)


def of_a_customer(name: str, columns: str) -> str:
    """A table of records that belong to a customer and go when it goes."""
    table = tenant_table(
        name,
        f"""
        id uuid NOT NULL,
        customer_id uuid NOT NULL,
        external_id text,
        {columns},
        flags text[] NOT NULL DEFAULT '{{}}',
        {EDITED},
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id) ON DELETE CASCADE
        """,
    )
    return f"""{table}
    CREATE INDEX {name}_of_customer ON {name} (tenant_id, customer_id, id);
    CREATE UNIQUE INDEX {name}_external_id ON {name} (tenant_id, external_id) WHERE external_id IS NOT NULL;
    """


CONTACT = of_a_customer(
    "contact", "name text NOT NULL, job_title text, phone bytea, email bytea, is_primary boolean NOT NULL DEFAULT false"
)

ORDER = of_a_customer(
    "customer_order",
    f"""
        number text NOT NULL,
        ordered_at timestamptz NOT NULL,
        amount numeric(18,4) NOT NULL,
        currency text NOT NULL,
        payment_method text {one_of("payment_method", "CASH CARD BANK_TRANSFER DIRECT_DEBIT ALIPAY WECHAT_PAY PAYPAL INVOICE OTHER")},
        status text NOT NULL {one_of("status", "OPEN PAID SHIPPED COMPLETED CANCELLED REFUNDED")},
        UNIQUE (tenant_id, number)
        """,
) + tenant_table(
    "order_line",
    """
        id uuid NOT NULL,
        order_id uuid NOT NULL,
        position integer NOT NULL CHECK (position > 0),
        product text NOT NULL,
        quantity numeric(18,4) NOT NULL,
        unit_price numeric(18,4) NOT NULL,
        discount numeric(9,4) NOT NULL DEFAULT 0,
        amount numeric(18,4) NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, order_id, position),
        FOREIGN KEY (tenant_id, order_id) REFERENCES customer_order (tenant_id, id) ON DELETE CASCADE
        """,
)

INTERACTION = of_a_customer(
    "interaction",
    f"""
    channel text NOT NULL {one_of("channel", "PHONE EMAIL CHAT VISIT OTHER")},
    direction text {one_of("direction", "INBOUND OUTBOUND")},
    occurred_at timestamptz NOT NULL,
    subject text,
    content bytea,
    follow_up text {one_of("follow_up", "OPEN CLOSED")}
    """,
)

NEED = of_a_customer(
    "need",
    f"""
    what text NOT NULL,
    product_interest text,
    expected_at date,
    status text NOT NULL {one_of("status", "OPEN MATCHED CLOSED")}
    """,
)

PREFERENCE = of_a_customer("preference", "kind text NOT NULL, value text NOT NULL, UNIQUE (tenant_id, customer_id, kind, value)")

TAG = tenant_table("tag", "name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, name)")

CUSTOM_FIELD = tenant_table(
    "custom_field",
    f"""
    id uuid NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{{0,39}}$'),
    label text NOT NULL,
    type text NOT NULL {one_of("type", "TEXT NUMBER DATE BOOLEAN CHOICE")},
    is_required boolean NOT NULL DEFAULT false,
    is_sealed boolean NOT NULL DEFAULT false,
    choices text[] NOT NULL DEFAULT '{{}}',
    least numeric,
    most numeric,
    {EDITED},
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
    """,
)

MADE = ("customer", "customer_key", "contact", "customer_order", "order_line", "interaction", "need", "preference", "tag", "custom_field")


class Migration(BaseMigration):
    dependencies = [("tenants", "0001_tenancy")]
    operations = [
        RunSQL(
            CUSTOMER + CUSTOMER_KEY + CONTACT + ORDER + INTERACTION + NEED + PREFERENCE + TAG + CUSTOM_FIELD,
            drop(*MADE),
        )
    ]
