"""Who may not any more is refused within a second, and what he has open is closed within five, whichever process ended it."""

from __future__ import annotations

from pathlib import Path

from tenants.installation import Installation
from tests.clients.server import serving
from tests.stories.endings import ENDINGS, LASTING_SECONDS, REQUEST_SECONDS, ROLES_TAKEN, measured

#: For a machine that does much else at the same time.
MARGIN_SECONDS = 0.5


async def test_every_kind_of_ending_is_felt_in_time(opened: Installation, tmp_path: Path) -> None:
    with serving(opened.settings, tmp_path / "log") as url:
        felt = await measured(url)

    assert felt.keys() == ENDINGS.keys()
    assert {name: each.request for name, each in felt.items() if each.request > REQUEST_SECONDS + MARGIN_SECONDS} == {}
    lasting = {name: most for name, each in felt.items() if name != ROLES_TAKEN and (most := max(each.socket, each.stream)) is not None}
    assert {name: most for name, most in lasting.items() if most > LASTING_SECONDS + MARGIN_SECONDS} == {}
