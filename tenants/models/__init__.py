"""The nouns of the domain, one a file. Tables are made by `tenants.migrations`; a test holds the two together."""

from __future__ import annotations

from tenants.models.api_key import ApiKey
from tenants.models.change_set import ChangeSet
from tenants.models.contact import Contact
from tenants.models.custom_field import CustomField
from tenants.models.customer import Customer
from tenants.models.import_run import ImportRun
from tenants.models.interaction import Interaction
from tenants.models.job import Job
from tenants.models.member import Member
from tenants.models.need import Need
from tenants.models.order import Order, OrderLine
from tenants.models.preference import Preference
from tenants.models.role import Role
from tenants.models.team import Team
from tenants.models.tenant import Tenant
from tenants.models.upload import Upload

__all__ = [
    "ApiKey",
    "ChangeSet",
    "Contact",
    "CustomField",
    "Customer",
    "ImportRun",
    "Interaction",
    "Job",
    "Member",
    "Need",
    "Order",
    "OrderLine",
    "Preference",
    "Role",
    "Team",
    "Tenant",
    "Upload",
]
