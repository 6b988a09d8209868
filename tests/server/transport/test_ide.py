"""GraphiQL: from our own files, nothing of the schema before there is a key, and nothing from anywhere else."""

from __future__ import annotations

import re
from base64 import b64encode
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from tomllib import loads

import httpx
import pytest

from server.transport import ide
from tenants.session import Actor
from tests.server.conftest import KeyOf
from tests.server.transport.conftest import WithSettings, client_of

FOLDER = Path(ide.__file__).parent / "ide"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
POLICY = {"default-src": "'none'", "connect-src": "'self'", "frame-ancestors": "'none'"}


async def test_a_browser_gets_a_page_that_asks_for_a_key_and_shows_nothing_of_the_schema(http: httpx.AsyncClient) -> None:
    answer = await http.get("/graphql", headers={"Accept": BROWSER})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'type="password"' in answer.text
    for word in ("customer", "graphiql-3", "<script>", "style=", "onclick"):
        assert word not in answer.text.lower(), word


async def test_the_page_may_load_and_call_nothing_but_this_server(http: httpx.AsyncClient) -> None:
    answer = await http.get("/graphql", headers={"Accept": "text/html"})
    policy = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))

    assert policy.items() >= POLICY.items()
    assert set(policy["script-src"].split()) == {"'self'", *map(_hash, FOLDER.glob("*.min.js"))}
    assert set(policy["style-src"].split()) == {"'self'", *map(_hash, FOLDER.glob("*.min.css"))}
    assert not any("http" in value or "unsafe" in value or "*" in value for value in policy.values())
    assert (answer.headers["x-frame-options"], answer.headers["referrer-policy"]) == ("DENY", "no-referrer")


def _hash(path: Path) -> str:
    return f"'sha256-{b64encode(sha256(path.read_bytes()).digest()).decode()}'"


async def test_all_that_the_page_names_is_served_and_graphiqls_build_only_to_a_key(
    http: httpx.AsyncClient, key_of: KeyOf, acme: Actor
) -> None:
    with_key = {"Authorization": f"Bearer {await key_of(acme)}"}
    named = set(re.findall(r"/graphql/ide/[\w.-]+", "".join((FOLDER / name).read_text() for name in ("shell.html", "shell.js"))))
    named |= {f"/graphql/ide/{name}" for name in re.findall(r"'([\w.-]+\.min\.js)'", (FOLDER / "shell.js").read_text())}

    assert named == ide.PATHS
    for path in named:
        plain, packed = [await http.get(path, headers={"Accept-Encoding": coding, **with_key}) for coding in ("identity", "gzip")]
        again = await http.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"], **with_key})
        assert (await http.get(path)).status_code == (401 if ".min." in path else 200)
        assert plain.content == packed.content == (FOLDER / Path(path).name).read_bytes()
        assert packed.headers["content-encoding"] == "gzip"
        assert ("immutable" in plain.headers["cache-control"]) is (".min." in path)
        assert "public" not in plain.headers["cache-control"]
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/graphql/ide/", "/graphql/ide/README.md", "/graphql/ide/shell.html", "/graphql/ide/..%2fide.py", "/graphql/ide/x.js"]
)
async def test_no_other_file_is(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 401


async def test_where_it_is_switched_off_there_is_none_of_it(with_settings: WithSettings) -> None:
    async with client_of(with_settings(ide=False)) as client:
        answers = [await client.get("/graphql", headers={"Accept": BROWSER}), *[await client.get(path) for path in ide.PATHS]]

    assert {answer.status_code for answer in answers} == {401}


@pytest.mark.parametrize("name", ["shell.html", "shell.css", "shell.js", "graphiql-3.9.0.min.css"])
def test_our_files_and_the_style_sheet_name_no_other_host(name: str) -> None:
    text = (FOLDER / name).read_text()

    assert re.findall(r"""(?:https?:)?//[a-z0-9-]+\.[a-z]+[^\s"')]*""", text) == []
    assert all(address.startswith("data:") for address in re.findall(r"url\(['\"]?([^)]{0,20})", text))


def test_the_readme_says_which_build_each_file_is() -> None:
    told = dict(re.findall(r"^\| `([\w.-]+)` \|.*`([0-9a-f]{64})` \|$", (FOLDER / "README.md").read_text(), re.MULTILINE))
    theirs = {
        path.name: sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir() if path.suffix != ".md" and path.stem != "shell"
    }

    assert told == theirs


def test_the_package_takes_the_files_along() -> None:
    patterns = loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["server.transport"]

    assert [path.name for path in FOLDER.iterdir() if not any(fnmatch(f"ide/{path.name}", each) for each in patterns)] == []
