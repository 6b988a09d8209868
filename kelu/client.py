"""The smallest client of the API: what `kelu demo` does, any program can do with HTTP alone."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson


class Client:
    """Speaks to one server as the holder of one API key, or of the access token of somebody who signed in."""

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._headers = {"Authorization": f"Bearer {secret}"}

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The `data` of an answer.

        Raises:
            RuntimeError: the answer has errors; their messages.
        """
        answer = self._post("/graphql", orjson.dumps({"query": query, "variables": variables}), "application/json")
        if answer.get("errors"):
            raise RuntimeError("; ".join(error["message"] for error in answer["errors"]))
        data: dict[str, Any] = answer["data"]
        return data

    def upload(self, file: Path) -> str:
        """Send a file; the id of the upload is returned."""
        answer = self._post(f"/uploads?name={quote(file.name)}", file.read_bytes(), "application/octet-stream")
        return str(answer["id"])

    def _post(self, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        return _answer(self._address, path, body, {**self._headers, "Content-Type": content_type})


def signed_in(address: str, email: str, password: str) -> str:
    """The access token of somebody who signs in; it is good for ten minutes."""
    body = orjson.dumps({"email": email, "password": password, "as": "bearer"})
    return str(_answer(address, "/auth/sign-in", body, {"Content-Type": "application/json"})["accessToken"])


def _answer(address: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address + path, body, headers), timeout=30) as response:
            answer: dict[str, Any] = orjson.loads(response.read())
            return answer
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{path} answered {error.code}: {error.read().decode(errors='replace')[:500]}") from None


def wait_until_ready(address: str, seconds: float = 60) -> None:
    """Wait for a server's /readyz.

    Raises:
        RuntimeError: it was not ready in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address + "/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{address} was not ready within {seconds:.0f} s.")
