"""Every setting once: its name, environment variable, type, default and meaning. A wrong one stops the start."""

from __future__ import annotations

import re
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
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
    session_days: float = Field(30, gt=0, le=365, description="A sign-in lasts so many days at most, however much it is used.")
    session_idle_days: float = Field(14, gt=0, le=365, description="A sign-in that is not used for so many days is over.")
    signing_key_days: float = Field(90, ge=1, le=3650, description="A key that signs access tokens is replaced after so many days.")
    oidc_networks: str = Field(
        "", description="Private networks at which identity providers may be, separated by commas: 10.1.0.0/16. Empty: none is there."
    )
    chunk_rows: int = Field(4000, ge=1, le=20_000, description="Rows of a file that one job takes in.")
    password_checks_at_once: int = Field(
        2, ge=1, le=64, description="Passwords that one process hashes at the same time, at most; each takes 19 MiB."
    )
    mail_url: SecretStr | None = Field(
        None,
        description="Where mail is handed in: smtps://user:password@host:465, or smtp://…:587 with STARTTLS. Unset: in embedded mode "
        "mail is written into the home's folder mail; else none is sent.",
    )
    mail_from: str | None = Field(None, description="The sender of our mail: Kelu <kelu@example.org>. Needed with KELU_MAIL_URL.")
    public_url: str | None = Field(
        None, description="What links in mail begin with: https://crm.example.org. Unset: http:// and the address the server listens on."
    )
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

    @field_validator("mail_url")
    @classmethod
    def _mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parts = urlsplit(url.get_secret_value())
            try:
                is_right = (
                    parts.scheme in ("smtps", "smtp") and parts.hostname and parts.port != 0 and not (parts.path.strip("/") + parts.query)
                )
            except ValueError:  # the port is no number, or there is none like it
                is_right = False
            if not is_right:
                raise ValueError("this is no mail server. Write smtps://user:password@host:465, or smtp://user:password@host:587")
        return url

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, sender: str | None) -> str | None:
        if sender is not None and not (re.search(r"[^@\s]@[^@\s]", parseaddr(sender)[1]) and sender.isprintable()):
            raise ValueError("this is no sender. Write Kelu <kelu@example.org>")
        return sender

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
            raise ValueError("this is no web address that links can begin with. Write https://crm.example.org")
        return url

    @model_validator(mode="after")
    def _mail_is_from_somebody(self) -> Self:
        if self.mail_url is not None and self.mail_from is None:
            raise ValueError("KELU_MAIL_URL is set and KELU_MAIL_FROM is not: who is mail from? Write Kelu <kelu@example.org>")
        return self

    @field_validator("trusted_proxies", "oidc_networks")
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
    def own_url(self) -> str:
        """Where browsers and identity providers reach us, without a path; who we are in tokens."""
        if self.public_url is not None:
            return "{0.scheme}://{0.netloc}".format(urlsplit(self.public_url))
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

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
        wrong = "; ".join(
            f"KELU_{str(e['loc'][0]).upper()}: {e['msg']}" if e["loc"] else e["msg"] for e in error.errors(include_input=False)
        )
        raise Invalid(f"A setting is wrong. {wrong}.") from None
