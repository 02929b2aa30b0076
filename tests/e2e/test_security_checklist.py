"""The checklist of docs/security.md, run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.e2e.client import Client

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
BLOCK = PAGE.partition("<!-- checklist: ")[2].partition("```sh\n")[2].partition("```")[0]


def test_every_line_of_the_checklist_answers_what_it_says(client: Client) -> None:
    client.stack.wait_for_flower()
    environ = {
        "PATH": os.environ["PATH"],
        "API": client.stack.base_url,
        "FLOWER": f"http://127.0.0.1:{client.stack.settings.flower_port}",
        "KEY": client.stack.api_key,
    }
    expected = re.findall(r"  # (\d+)$", BLOCK, flags=re.MULTILINE)

    done = subprocess.run(["/bin/sh", "-c", BLOCK], env=environ, capture_output=True, text=True, check=False)  # noqa: S603 (our own page)

    assert len(expected) >= 10
    assert done.stdout.split() == expected, done.stderr
