"""The rules of the house that a machine can check: budgets, directions, names, and that what is documented is what there is."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from importlinter.cli import lint_imports
from pydantic import SecretStr

from kelu.command import COMMANDS
from tenants.database import migration_names
from tenants.settings import Settings

ROOT = Path(__file__).parent.parent
ROOMS = ("kelu", "server", "tenants", "workers")
LOCKS = ("requirements.txt", "requirements-dev.txt")

FILE_LINES_MOST = 300
FUNCTION_LINES_MOST = 40

#: What tools make beside the code.
MADE = {"build", "node_modules", "__pycache__"}
BANNED = {"services", "repositories", "utils", "helpers", "common", "base", "managers"}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py") if not MADE & {*path.parts})


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def too_long(paths: list[Path]) -> list[str]:
    """Files and functions over budget, with their length in lines."""
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > FILE_LINES_MOST:
            found.append(f"{name_of(path)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES_MOST:
                    found.append(f"{name_of(path)}: {node.name} has {lines} lines")
    return found


def calls(paths: list[Path], *names: str) -> list[str]:
    """Where a function `name` or a method `.name` is called."""
    return [f"{name_of(path)}:{line}" for path in paths for line, name in _called(path) if name in names]


def _called(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, node.func.id if isinstance(node.func, ast.Name) else f".{getattr(node.func, 'attr', '')}"


def unexplained(paths: list[Path]) -> list[str]:
    """Checks that are switched off without a reason beside it."""
    switch = re.compile(r"#\s*(noqa(:[\sA-Z0-9,]*)?|type:\s*ignore(\[[^\]]*\])?)\s*$")
    return [
        f"{name_of(path)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if switch.search(line)
    ]


def test_files_and_functions_keep_their_budgets() -> None:
    assert too_long(sources(*ROOMS, "tests")) == []


def test_a_file_and_a_function_over_budget_are_found(tmp_path: Path) -> None:
    long = tmp_path / "long.py"
    long.write_text("def f():\n" + "    x = 1\n" * FUNCTION_LINES_MOST + "\n" * FILE_LINES_MOST)

    assert too_long([long]) == ["long.py: 341 lines", "long.py: f has 41 lines"]


def test_imports_go_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    result = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert result == 0, capsys.readouterr().out


def test_an_import_the_wrong_way_is_found(tmp_path: Path) -> None:
    contract = 'name = "planted"\ntype = "forbidden"\nsource_modules = ["server"]\nforbidden_modules = ["tenants"]\n'
    config = tmp_path / "planted.toml"
    config.write_text(f'[tool.importlinter]\nroot_packages = ["server", "tenants"]\n[[tool.importlinter.contracts]]\n{contract}')

    assert lint_imports(config_filename=str(config), no_cache=True) == 1


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("x()  # noqa", 1),
        ("x()  # noqa: E501", 1),
        ("x()  # type: ignore[arg-type]", 1),
        ("x()  # noqa: E501  # a table", 0),
        ("x()  # no", 0),
    ],
)
def test_a_switch_without_a_reason_is_found(tmp_path: Path, line: str, is_found: int) -> None:
    (tmp_path / "switched.py").write_text(line)

    assert len(unexplained([tmp_path / "switched.py"])) == is_found


def test_every_module_says_what_it_is_for() -> None:
    assert [name_of(path) for path in sources(*ROOMS) if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_only_command_lines_print() -> None:
    quiet = [path for path in sources(*ROOMS) if path.stem not in ("cli", "terminal") and path.parent.name != "kelu"]

    assert calls(quiet, "print", "pprint", "breakpoint") == []


def test_only_the_session_and_the_migrations_open_a_transaction() -> None:
    others = [path for path in sources(*ROOMS) if name_of(path) not in ("tenants/session.py", "tenants/database.py")]

    assert calls(others, "in_transaction", "act_as_tenant") == []
    assert calls(sources("tenants"), "in_transaction") != []


def test_no_stored_row_is_saved_by_a_statement_that_does_not_bind_the_tenant() -> None:
    """Tortoise's `save()`, and `delete()` and `refresh_from_db()` of a row, say only `WHERE id = …`; `Model.filter(id=…)` binds it."""
    assert calls(sources(*ROOMS), ".save", ".refresh_from_db", ".update_from_dict") == []


def test_nothing_is_switched_off_without_a_reason() -> None:
    assert unexplained(sources(*ROOMS, "tests")) == []


def test_no_folder_or_file_has_a_name_that_says_nothing() -> None:
    parts = {part for path in sources(*ROOMS, "tests") for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}

    assert parts & BANNED == set()


def test_a_table_is_made_by_the_function_that_forces_its_policy() -> None:
    migrations = sources("tenants/migrations")

    assert [name_of(path) for path in migrations if re.search(r"create\s+(unlogged\s+)?table", path.read_text(), re.IGNORECASE)] == []
    assert "FORCE ROW LEVEL SECURITY" in (ROOT / "tenants/tables.py").read_text()


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [int(name[:4]) for name in migration_names()] == list(range(1, len(migration_names()) + 1))


def unlocked(text: str) -> list[str]:
    """What a lock must not have: a package without a version and a hash, an option, an address."""
    entries = [entry.strip() for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    return [
        entry
        for entry in entries
        if "://" in entry or not re.fullmatch(r"[a-z0-9._-]+==\S+( ; [^;]*?)?( +--hash=sha256:[0-9a-f]{64})+", entry)
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_versions_and_hashes_and_no_addresses(lock: str) -> None:
    assert unlocked((ROOT / lock).read_text()) == []


@pytest.mark.parametrize(
    "weak", ["left==1.0\n", "left>=1.0 --hash=sha256:" + "0" * 64, "--index-url https://x/simple", "left @ https://x/left.whl"]
)
def test_a_weak_lock_is_found(weak: str) -> None:
    assert unlocked(weak) != []


def unlocked_npm(package: str, lock: str) -> list[str]:
    """What npm's files must not have: a version that is a range, a package without a version and a hash, an address."""
    asked, held = json.loads(package), json.loads(lock)["packages"]
    wanted = asked.get("dependencies", {}) | asked.get("devDependencies", {})
    return [
        *(f"{name} {version}" for name, version in wanted.items() if held.get(f"node_modules/{name}", {}).get("version") != version),
        *(line.strip() for line in lock.splitlines() if "://" in line or '"resolved"' in line),
        *(
            name
            for name, entry in held.items()
            if name and not ("version" in entry and re.fullmatch(r"sha512-[\w+/]{86}==", entry.get("integrity", "")))
        ),
    ]


@pytest.mark.parametrize("folder", sorted({path.parent for path in ROOT.glob("tests/*/package.json")}), ids=lambda folder: folder.name)
def test_a_lock_of_npm_holds_versions_and_hashes_and_no_addresses(folder: Path) -> None:
    assert unlocked_npm((folder / "package.json").read_text(), (folder / "package-lock.json").read_text()) == []


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("^1.0.0", {"version": "1.0.0", "integrity": f"sha512-{'0' * 86}=="}),
        ("1.0.0", {"version": "1.0.1", "integrity": f"sha512-{'0' * 86}=="}),
        ("1.0.0", {"version": "1.0.0"}),
        ("1.0.0", {"version": "1.0.0", "integrity": f"sha1-{'0' * 27}="}),
        ("1.0.0", {"version": "1.0.0", "integrity": f"sha512-{'0' * 86}==", "resolved": "https://x/left.tgz"}),
    ],
)
def test_a_weak_lock_of_npm_is_found(asked: str, held: dict[str, str]) -> None:
    package, lock = {"dependencies": {"left": asked}}, {"packages": {"": {}, "node_modules/left": held}}

    assert unlocked_npm(json.dumps(package), json.dumps(lock)) != []


def test_the_tools_lock_holds_all_that_the_programs_own_does_and_both_what_is_declared() -> None:
    own, tools = (set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {re.split(r"[<>=!~ ;\[]", each)[0] for each in project["project"]["dependencies"] + project["dependency-groups"]["build"]}

    assert own <= tools
    assert declared - {each.partition("==")[0] for each in own} == set()


def test_no_secret_has_a_default() -> None:
    secrets = {
        name: field.default
        for name, field in Settings.model_fields.items()
        if SecretStr in getattr(field.annotation, "__args__", ())
        or (field.annotation not in (int, float) and re.search(r"key|secret|password|token", name))
    }

    assert secrets.keys() >= {"database_url", "redis_url", "master_key_file"}
    assert {name for name, default in secrets.items() if default is not None} == set()


def test_the_readme_names_every_setting() -> None:
    assert [f"KELU_{name.upper()}" for name in Settings.model_fields if f"`KELU_{name.upper()}`" not in readme()] == []


def test_the_readme_names_every_command() -> None:
    names = []
    for command in COMMANDS:
        loaded = command.load()
        inner = [f" {each.name}" for each in loaded.registered_commands] if isinstance(loaded, typer.Typer) else [""]
        names += [f"kelu {command.name}{name}" for name in inner]

    assert [name for name in names if name not in readme()] == []


def test_the_readme_maps_every_folder() -> None:
    folders = [
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".") and not path.name.endswith(".egg-info")
    ]

    assert [folder for folder in folders if folder not in MADE and f"{folder}/" not in readme()] == []


def test_the_readme_names_no_make_target_that_is_not_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:`|^)make ([a-z]+)", readme(), re.MULTILINE)) - targets == set()
