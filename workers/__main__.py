"""Commands beside the workers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from config import Settings, load_or_exit
from store.client import connect
from store.crypto import Vault
from store.rewrap import rewrap
from webhooks.errors import Blocked
from webhooks.guard import Guard

if TYPE_CHECKING:
    from workers.speech import Speech


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _arguments()
    run: Callable[[argparse.Namespace], int] = arguments.run
    return run(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("check-url", help="tell whether a webhook may be sent to a URL, and why not")
    command.add_argument("url")
    command.set_defaults(run=lambda given: _check_url(given.url, load_or_exit().webhook_allow_http_hosts))
    command = commands.add_parser(
        "rewrap", help="put all data under the first of DATA_ENCRYPTION_KEYS; then the others may go"
    )
    command.set_defaults(run=lambda given: _rewrap())
    command = commands.add_parser("transcribe", help="print what would be heard in recordings")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.set_defaults(run=lambda given: _voice().transcribe(given.files, _models))
    command = commands.add_parser("speak", help="speak a text into a file: .mp3, .wav, .opus or .ogg")
    command.add_argument("text")
    command.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    command.set_defaults(run=lambda given: _voice().speak(given.text, given.output, _models))
    command = commands.add_parser(
        "eval-voice", help="word error rate of the recordings in a folder, each beside a .txt of the same name"
    )
    command.add_argument("folder", type=Path, metavar="DIR")
    command.set_defaults(run=lambda given: _voice().evaluate(given.folder, _models))
    return parser.parse_args()


def _voice() -> ModuleType:
    from workers import voice_commands  # noqa: PLC0415 (the client of the models takes a second to import)

    return voice_commands


@contextmanager
def _models() -> Iterator[tuple[Speech, Settings]]:
    """The configured models of speech, or the offline ones, which run inside the block."""
    import openai  # noqa: PLC0415 (see above)

    from workers.speech import Speech  # noqa: PLC0415

    settings = load_or_exit()
    with ExitStack() as stack:
        base_url = settings.openai_base_url
        if settings.offline:
            from offline.process import OfflineServerError, running  # noqa: PLC0415 (not there with hosted models)

            try:
                base_url = stack.enter_context(running(settings))
            except OfflineServerError as error:
                raise SystemExit(str(error)) from error
        client = stack.enter_context(openai.OpenAI(api_key=settings.openai_api_key, base_url=base_url))
        yield Speech(client, settings.openai_transcription_model, settings.openai_speech_model), settings


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
