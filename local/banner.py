"""What a person needs to know once everything runs."""

from __future__ import annotations

from local.ports import LOOPBACK
from local.stack import Stack


def text(stack: Stack) -> str:
    """Addresses, credentials, logs, and a command to paste."""
    settings, url = stack.settings, stack.base_url
    return f"""\
Chat page   {url}/
API docs    {url}/docs
Flower      http://{LOOPBACK}:{settings.flower_port}/   login {settings.flower_basic_auth.replace(":", " / ", 1)}
API key     {stack.api_key}
Logs        {stack.supervisor.log_dir}

Try it:

{curl(url, stack.api_key)}

Ctrl-C stops everything."""


def curl(url: str, api_key: str) -> str:
    """One line for a shell: opens a session, asks in it, and waits for the answer."""
    key = f"-H 'X-API-Key: {api_key}'"
    session = f"$(curl -sS -X POST {key} {url}/sessions | grep -o 'sess_[0-9a-f]*' | head -n 1)"
    body = """-H 'Content-Type: application/json' -d '{"text": "Which exercises can I do at home?"}'"""
    return f"curl -sS {key} -H 'Prefer: wait=30' {body} {url}/sessions/{session}/messages"
