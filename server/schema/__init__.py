"""The schema: what can be asked for and done, one noun a file.

A type says what exists and where it lives (`server.reads.places`), and `server.reads` turns any selection of it into SQL: fields that
are stored have no resolvers. A mutation's resolver says when; the domain in `tenants` says what; what it returns is read by the planner
too. Refusals come as `userErrors` in the payload, bugs as the error "internal error" with an id.

`schema.graphql` at the root of the repository is this schema, printed (`kelu schema`); a test holds the two together.
"""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from server.schema.access.explaining import ExplanationQueries
from server.schema.access.me import MeQueries
from server.schema.access.members import MemberMutations
from server.schema.access.my_schema import MySchemaQueries
from server.schema.access.previewing import PreviewQueries
from server.schema.access.roles import RoleMutations
from server.schema.access.teams import TeamMutations
from server.schema.access.types import AccessQueries, Member, Role, Team
from server.schema.changes import ChangeSubscriptions
from server.schema.customers import CustomerQueries
from server.schema.estimates import EstimateQueries
from server.schema.graph import Contact, Customer, Interaction, Need, Order, OrderLine, Preference
from server.schema.imports import Import, ImportMutations, ImportQueries, ImportSubscriptions
from server.schema.keys import ApiKey, ApiKeyMutations, ApiKeyQueries
from server.schema.lists import lists_of
from server.schema.nodes import GraphQueries
from server.schema.operators import SCALARS
from server.schema.settings.mutations import SettingsMutations
from server.schema.settings.types import SettingsQueries
from server.schema.signin import SignInMutations, SignInQueries
from server.schema.statistics import StatisticsQueries
from server.schema.trail import AuditEvent, TrailQueries
from server.schema.writing.bulk import BulkMutations
from server.schema.writing.contacts import ContactMutations
from server.schema.writing.customers import CustomerMutations
from server.schema.writing.interactions import InteractionMutations
from server.schema.writing.needs import NeedMutations
from server.schema.writing.orders import OrderMutations
from server.schema.writing.preferences import PreferenceMutations

lists_of(
    [Customer, Contact, Order, OrderLine, Interaction, Need, Preference, Import, ApiKey, AuditEvent, Member, Role, Team],
    [GraphQueries, CustomerQueries, ImportQueries, StatisticsQueries, ApiKeyQueries, TrailQueries, AccessQueries],
)

_OF_ACCESS = (AccessQueries, MeQueries, MySchemaQueries, ExplanationQueries, PreviewQueries, ApiKeyQueries, TrailQueries)
_OF_RECORDS = (GraphQueries, CustomerQueries, StatisticsQueries, ImportQueries)
Query = merge_types("Query", (*_OF_RECORDS, *_OF_ACCESS, SettingsQueries, SignInQueries, EstimateQueries))
_ON_CUSTOMERS = (ContactMutations, OrderMutations, InteractionMutations, NeedMutations, PreferenceMutations)
_ON_ACCESS = (MemberMutations, RoleMutations, TeamMutations, ApiKeyMutations, SignInMutations)
Mutation = merge_types("Mutation", (CustomerMutations, BulkMutations, *_ON_CUSTOMERS, ImportMutations, *_ON_ACCESS, SettingsMutations))
Subscription = merge_types("Subscription", (ChangeSubscriptions, ImportSubscriptions))


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALARS),
)


def printed_schema() -> str:
    """The schema in GraphQL's schema definition language, as `schema.graphql` holds it."""
    return f"{schema.as_str()}\n"
