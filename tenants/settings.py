"""Every setting once: its name, environment variable, type, default and meaning. A wrong one stops the start."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tenants.networks import networks_of
from tenants.refusals import Invalid


class Settings(BaseSettings):
    """What an operator may set. Each field `x` is read from the environment variable `KELU_X`."""

    model_config = SettingsConfigDict(env_prefix="KELU_", extra="ignore", frozen=True)

    home: Path = Field(Path(".kelu"), description="Folder for everything the embedded mode keeps: databases, keys, files, logs. Mode 0700.")
    database_url: SecretStr | None = Field(None, description="PostgreSQL, as the unprivileged role. Unset: an embedded server is started.")
    database_owner_url: SecretStr | None = Field(
        None, description="PostgreSQL, as the owner of the tables; only `kelu migrate` and operator commands use it."
    )
    redis_url: SecretStr | None = Field(None, description="Valkey or Redis. Unset: an embedded server is started.")
    files_url: str | None = Field(None, description="Where sealed files lie: file:///folder or s3://bucket/prefix. Unset: inside the home.")
    master_key_file: Path | None = Field(
        None, description="The file with the master key (base64, mode 0600). Unset: made inside the home, in embedded mode only."
    )
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the server listens on.")
    trusted_proxies: str = Field(
        "",
        description="Networks of proxies whose X-Forwarded-For is believed, separated by commas: 10.0.0.0/8. None unless said: a client is "
        "who connects.",
    )
    pool_size: int = Field(10, ge=1, le=200, description="Database connections of one process, at most.")
    statement_timeout_seconds: float = Field(20, gt=0, le=600, description="PostgreSQL ends a statement of ours after this long.")
    worker_processes: int = Field(0, ge=0, le=64, description="Processes of `kelu work`; 0 means one for each processor.")
    upload_bytes_most: int = Field(1 << 30, ge=1, description="Largest file that may be uploaded, in bytes.")
    body_bytes_most: int = Field(1 << 20, ge=1024, description="Largest GraphQL request body, in bytes.")
    variables_bytes_most: int = Field(256 << 10, ge=1024, description="Largest variables of a GraphQL request, in bytes of JSON.")
    variables_values_most: int = Field(
        20_000, ge=1000, description="Values in the variables of a GraphQL request, at most; an object counts as four."
    )
    json_depth_most: int = Field(20, ge=5, le=100, description="How deep the JSON of a request may be nested.")
    document_characters_most: int = Field(15_000, ge=1000, description="Longest GraphQL document.")
    document_tokens_most: int = Field(1_000, ge=100, description="Tokens of a GraphQL document, at most.")
    depth_most: int = Field(10, ge=3, le=30, description="Levels of a GraphQL operation, at most.")
    aliases_most: int = Field(15, ge=0, le=100, description="Aliases of a GraphQL operation, at most.")
    directives_most: int = Field(50, ge=0, le=200, description="Directives of a GraphQL document, at most.")
    root_fields_most: int = Field(20, ge=1, le=100, description="Fields at the root of a GraphQL operation, at most.")
    page_most: int = Field(100, ge=1, le=100, description="Records of a page, at most.")
    nodes_most: int = Field(10_000, ge=100, description="Records that one GraphQL request may ask for, at most.")
    cost_most: int = Field(20_000, ge=100, description="Points that one GraphQL request may cost, at most.")
    operations_most: int = Field(20, ge=1, le=100, description="Operations under way on one websocket, at most.")
    sockets_most: int = Field(50, ge=1, description="Websockets and event streams of one API key in one process, at most.")
    cors_origins: str = Field("", description="Web origins that may call from a browser, separated by commas: https://app.example.org.")
    documents: Literal["any", "trusted"] = Field("any", description="Which GraphQL documents run: any, or only the trusted ones.")
    trusted_documents: Path | None = Field(
        None, description='The trusted documents: a JSON file {"id or SHA-256": "document"}, or a folder of them.'
    )
    ide: bool = Field(True, description="Whether GraphiQL is served at GET /graphql. It shows nothing before it is given an API key.")
    budget_key_points: int = Field(1_000_000, ge=1, le=1_000_000_000, description="Points that an API key may spend at once, at most.")
    budget_key_per_second: float = Field(50_000, ge=1, le=1_000_000, description="Points that an API key gets back each second.")
    budget_tenant_points: int = Field(
        4_000_000, ge=1, le=1_000_000_000, description="Points that all keys of a tenant together may spend at once, at most."
    )
    budget_tenant_per_second: float = Field(200_000, ge=1, le=1_000_000, description="Points that a tenant gets back each second.")
    reveals_hourly: int = Field(
        5_000,
        ge=1,
        le=1_000_000_000,
        description="Sealed values that a member or a key may read in clear within an hour; at 80 % of it there is an alert.",
    )
    chunk_rows: int = Field(4000, ge=1, le=20_000, description="Rows of a file that one job takes in.")
    lease_seconds: float = Field(10, ge=1, le=60, description="A job without a heartbeat for this long is given to another worker.")
    seal_seconds: float = Field(60, ge=1, le=3600, description="How often workers seal what is new in the tenants' trails, in seconds.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="The least severe log events that are written.")

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: str) -> str:
        for each in filter(None, map(str.strip, origins.split(","))):
            if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?", each):
                raise ValueError(f"{each!r} is no web origin. Write scheme and host, without a path: https://app.example.org")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, networks: str) -> str:
        try:
            return ",".join(map(str, networks_of(filter(None, map(str.strip, networks.split(","))))))
        except Invalid as refusal:
            raise ValueError(refusal.message) from None

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def is_embedded(self) -> bool:
        """Whether PostgreSQL is ours to start: true unless KELU_DATABASE_URL names one."""
        return self.database_url is None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        Invalid: one is wrong; the message names each variable and what it must be.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"KELU_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise Invalid(f"A setting is wrong. {wrong}.") from None
