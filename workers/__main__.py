"""Commands beside the workers."""

from __future__ import annotations

import argparse
import sys

from config import load_or_exit
from webhooks.errors import Blocked
from webhooks.guard import Guard


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _arguments()
    return _check_url(arguments.url, load_or_exit().webhook_allow_http_hosts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("check-url", help="tell whether a webhook may be sent to a URL, and why not")
    command.add_argument("url")
    return parser.parse_args()


def _check_url(url: str, allow_hosts: tuple[str, ...]) -> int:
    try:
        target = Guard(allow_hosts).check(url)
    except Blocked as error:
        print(f"blocked ({error.code}): {error.detail}")
        return 1
    print(f"allowed ({target.scheme}): a webhook would go to {target.address}, port {target.port}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
