"""Commands beside the workers."""

from __future__ import annotations

import argparse
import sys

from config import load_or_exit
from store.client import connect
from store.crypto import Vault
from store.rewrap import rewrap
from webhooks.errors import Blocked
from webhooks.guard import Guard


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _arguments()
    if arguments.command == "rewrap":
        return _rewrap()
    return _check_url(arguments.url, load_or_exit().webhook_allow_http_hosts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("check-url", help="tell whether a webhook may be sent to a URL, and why not")
    command.add_argument("url")
    commands.add_parser("rewrap", help="put all data under the first of DATA_ENCRYPTION_KEYS; then the others may go")
    return parser.parse_args()


def _check_url(url: str, allow_hosts: tuple[str, ...]) -> int:
    try:
        target = Guard(allow_hosts).check(url)
    except Blocked as error:
        print(f"blocked ({error.code}): {error.detail}")
        return 1
    print(f"allowed ({target.scheme}): a webhook would go to {target.address}, port {target.port}")
    return 0


def _rewrap() -> int:
    settings = load_or_exit("redis_url", "data_encryption_keys")
    redis = connect(settings.redis_url)
    done = rewrap(redis, Vault(settings.data_encryption_keys))
    redis.close()
    print(f"{done.renewed} values were put under the first key of DATA_ENCRYPTION_KEYS.")
    if done.unreadable:
        print(f"{done.unreadable} records cannot be read with any of its keys: is one missing?")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
