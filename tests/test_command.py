"""The command as people and scripts meet it: what it prints where, and how it ends."""

from __future__ import annotations

import base64
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.main import get_command

from kelu.command import COMMANDS, Command, compose, flowing, named
from kelu.failures import refusal_in
from tenants.refusals import NotFound
from tenants.servers import Servers
from tenants.settings import Settings
from tests.stories.home import environment_of

Kelu = Callable[..., subprocess.CompletedProcess[str]]

#: Commands that print no results: they go on until they are ended, or print a text that is a format already.
WITHOUT_JSON = {"demo", "serve", "work", "roles", "schema", "trail checkpoint"}


def run(arguments: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kelu", *arguments], capture_output=True, text=True, timeout=60, env=environment)


@pytest.fixture
def kelu(tmp_path: Path) -> Kelu:
    """`kelu …` with nothing configured but a home that is not there yet, and the settings that are given."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("KELU_")}
    return lambda *arguments, **settings: run(arguments, bare | {"KELU_HOME": str(tmp_path / "home")} | settings)


@pytest.fixture
def kelu_installed(installed: Settings, migrated: Servers) -> Kelu:
    """`kelu …` on the installation of the tests."""
    return lambda *arguments: run(arguments, environment_of(installed))


def commands() -> dict[str, Any]:
    """Every command there is, by how it is written on the command line, such as `apikey add`; with `help` and `params`."""
    found: dict[str, Any] = {}
    for command in COMMANDS:
        loaded = get_command(compose(command.name)).commands[command.name]  # type: ignore[attr-defined]  # it is a group
        found |= {f"{command.name} {name}": each for name, each in getattr(loaded, "commands", {}).items()} or {command.name: loaded}
    return found


def test_help_is_there_at_once_and_names_every_command(kelu: Kelu) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = kelu("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert shown.returncode == 0
    assert [command.name for command in COMMANDS if command.name not in shown.stdout] == []
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_summary_of_a_command_is_how_its_own_help_begins(command: Command) -> None:
    loaded = command.load()

    if not isinstance(loaded, typer.Typer):
        assert flowing(loaded.__doc__).split("\n\n")[0] == command.summary


def test_every_command_is_explained_with_an_example_of_it() -> None:
    examples = {name: command.help.partition("Example: ")[2] for name, command in commands().items()}

    assert [name for name, example in examples.items() if f"kelu {name}" not in example] == []


def test_every_command_with_results_prints_them_as_json_too() -> None:
    assert {name for name, command in commands().items() if "--json" not in [param.opts[0] for param in command.params]} == WITHOUT_JSON


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["import", "a.csv"], "import"), (["--debug", "import", "a.csv"], "import"), (["--help"], ""), ([], "")],
)
def test_the_command_is_the_first_word_that_is_no_switch(arguments: list[str], wanted: str) -> None:
    assert named(arguments) == wanted


def test_a_refusal_is_one_line_on_stderr_and_exit_code_1(kelu: Kelu) -> None:
    refused = kelu("apikey", "revoke", "nonsense", "--tenant", "nonsense")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "kelu: There is no such API key.\n"


def test_a_wrong_setting_stops_the_start_and_is_named(kelu: Kelu) -> None:
    refused = kelu("settings", KELU_PORT="eighty", KELU_POOL_SIZE="0")

    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "KELU_PORT" in refused.stderr
    assert "KELU_POOL_SIZE" in refused.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["tenant", "add"], ["apikey", "add", "web"], ["migrate", "--nonsense"], ["key"]])
def test_a_wrong_use_is_exit_code_2(kelu: Kelu, arguments: list[str]) -> None:
    assert kelu(*arguments).returncode == 2


BUG = """
import sys
from kelu.failures import report
try:
    {}["Ada Lovelace"]
except KeyError as error:
    sys.exit(report(error, "import"))
"""


@pytest.fixture
def bug(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A command that meets a bug of ours, in an error whose message quotes a record."""
    environment = os.environ | {"KELU_HOME": str(tmp_path)}
    return lambda **settings: subprocess.run([sys.executable, "-c", BUG], capture_output=True, text=True, env=environment | settings)


def test_a_bug_is_one_line_with_an_id_and_its_trace_is_in_the_log_without_what_it_quotes(bug: Kelu, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()

    ended = bug()

    log = tmp_path / "logs" / "kelu.log"
    id = ended.stderr.partition("(id ")[2].partition(")")[0]
    assert ended.returncode == 70
    assert ended.stderr.count("\n") == 1
    assert str(log) in ended.stderr
    assert f"bug {id} in `kelu import`" in log.read_text()
    assert "KeyError" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "Lovelace" not in log.read_text() + ended.stderr


def test_a_bug_without_a_home_says_how_to_see_more(bug: Kelu) -> None:
    assert "kelu --debug" in bug().stderr
    assert "Traceback" in bug(KELU_LOG_LEVEL="DEBUG").stderr


def test_a_refusal_among_the_errors_of_several_tasks_is_the_one_told() -> None:
    several = ExceptionGroup("tasks", [ConnectionResetError(104, "reset"), ExceptionGroup("more", [NotFound("There is no such tenant.")])])

    assert refusal_in(several) == "There is no such tenant."
    assert refusal_in(ExceptionGroup("tasks", [ValueError("ours")])) is None


def test_a_file_that_cannot_be_read_is_no_bug() -> None:
    assert refusal_in(PermissionError(13, "Permission denied", "a.csv")) == "a.csv: Permission denied."


def test_a_tenant_gets_keys_and_loses_them(kelu_installed: Kelu) -> None:
    tenant = kelu_installed(
        "tenant", "add", "Blue Door", "--country", "CN", "--time-zone", "Asia/Shanghai", "--currency", "CNY"
    ).stdout.strip()
    secret = kelu_installed("apikey", "add", "web shop", "--tenant", tenant).stdout.strip()
    shown = kelu_installed("apikey", "add", "ledger", "--tenant", tenant, "--reveal", "--json")
    listed = kelu_installed("apikey", "list", "--tenant", tenant, "--json")
    revoked = kelu_installed("apikey", "revoke", orjson.loads(shown.stdout)["id"], "--tenant", tenant)
    left = orjson.loads(kelu_installed("apikey", "list", "--tenant", tenant, "--json").stdout)

    assert tenant.startswith("ten_")
    assert secret.startswith("kelu_")
    assert orjson.loads(shown.stdout).keys() == {"id", "name", "mayReveal", "secret"}
    assert [(key["name"], key["mayReveal"]) for key in orjson.loads(listed.stdout)] == [("web shop", False), ("ledger", True)]
    assert secret not in listed.stdout
    assert revoked.returncode == 0
    assert [key["name"] for key in left if key["revokedAt"]] == ["ledger"]


def test_another_tenants_key_is_as_unknown_as_one_that_never_was(kelu_installed: Kelu) -> None:
    where = ["--country", "DE", "--time-zone", "Europe/Berlin", "--currency", "EUR"]
    ours, theirs = (kelu_installed("tenant", "add", name, *where).stdout.strip() for name in ("Ours", "Theirs"))
    key = orjson.loads(kelu_installed("apikey", "add", "web", "--tenant", theirs, "--json").stdout)["id"]

    another = kelu_installed("apikey", "revoke", key, "--tenant", ours)
    never = kelu_installed("apikey", "revoke", "key_" + "0" * 32, "--tenant", ours)
    no_tenant = kelu_installed("apikey", "list", "--tenant", "ten_" + "0" * 32)

    assert (another.returncode, another.stderr) == (never.returncode, never.stderr) == (1, "kelu: There is no such API key.\n")
    assert (no_tenant.returncode, no_tenant.stderr) == (1, "kelu: There is no such tenant.\n")


def test_the_schema_is_current_and_migrating_again_changes_nothing(kelu_installed: Kelu) -> None:
    status = kelu_installed("status", "--json")
    again = kelu_installed("migrate", "--json")

    assert status.returncode == 0
    assert orjson.loads(status.stdout) | {"mode": "", "home": ""} == {
        **{"mode": "", "home": "", "postgresql": "RUNNING", "valkey": "RUNNING", "schema": "CURRENT"},
        **{"pending_migrations": [], "problems": []},
    }
    assert orjson.loads(again.stdout) == {"applied": []}


def test_status_makes_nothing(kelu: Kelu, tmp_path: Path) -> None:
    status = kelu("status", "--json")

    assert orjson.loads(status.stdout)["postgresql"] == "STOPPED"
    assert list(tmp_path.iterdir()) == []


def test_status_of_servers_that_do_not_answer_says_so_and_ends_with_1(kelu: Kelu) -> None:
    status = kelu("status", KELU_DATABASE_URL="postgresql://kelu_app:hunter2@127.0.0.1:1/kelu", KELU_REDIS_URL="redis://127.0.0.1:1")

    assert status.returncode == 1
    assert "PostgreSQL does not let us in" in status.stderr
    assert "Valkey" in status.stderr
    assert "hunter2" not in status.stderr + status.stdout


def test_migrating_a_server_of_ones_own_needs_its_owner(kelu: Kelu) -> None:
    refused = kelu("migrate", KELU_DATABASE_URL="postgresql://kelu_app@127.0.0.1:1/kelu", KELU_REDIS_URL="redis://127.0.0.1:1")

    assert refused.returncode == 1
    assert "KELU_DATABASE_OWNER_URL is not set" in refused.stderr


def test_settings_are_listed_with_where_they_are_from_and_without_secrets(kelu: Kelu) -> None:
    listed = kelu("settings", "--json", KELU_PORT="9000", KELU_REDIS_URL="redis://:hunter2@redis")

    rows = {row["variable"]: row for row in orjson.loads(listed.stdout)}
    assert (rows["KELU_PORT"]["value"], rows["KELU_PORT"]["origin"]) == ("9000", "environment")
    assert (rows["KELU_POOL_SIZE"]["value"], rows["KELU_POOL_SIZE"]["origin"]) == ("10", "default")
    assert rows["KELU_REDIS_URL"]["value"] == "(set, not shown)"
    assert "hunter2" not in listed.stdout + kelu("settings", KELU_REDIS_URL="redis://:hunter2@redis").stdout


def test_a_master_key_is_made_for_its_owner_alone_and_never_overwritten(kelu: Kelu, tmp_path: Path) -> None:
    file = tmp_path / "master.key"

    made = kelu("key", "new", str(file))
    key = file.read_bytes()
    again = kelu("key", "new", str(file))

    assert (made.returncode, made.stdout.strip()) == (0, str(file))
    assert len(base64.b64decode(key)) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert again.returncode == 1
    assert file.read_bytes() == key


def test_compose_imports_no_room_but_the_one_that_is_wanted() -> None:
    code = "import sys; from kelu.command import compose; compose(); print({'server', 'workers', 'tortoise', 'asyncpg'} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    assert len(compose("status").registered_commands) + len(compose("tenant").registered_groups) == len(COMMANDS) + 1
