"""`python -m local run`: the whole service in the foreground until Ctrl-C."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

from config import SettingsError, exit_with
from local import banner, demo, env_file, stack
from local.errors import LocalError
from local.programs import ROOT

WATCH_SECONDS = 1
INTERRUPTED = 130


def main() -> int:
    """Run until told to stop. 0 = stopped while it ran; 1 = one sentence said why not; 130 = stopped while starting."""
    if sys.argv[1:] != ["run"]:
        print("usage: python -m local run", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script that starts us with `&` has it ignored
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, _interrupt)
    try:
        return _run()
    except SettingsError as error:
        exit_with(error)
    except LocalError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print("The disk is full: free some space and start again.", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run() -> int:
    begun = time.monotonic()
    if env_file.ensure(ROOT / ".env", ROOT / ".env.example"):
        print("Wrote .env with new keys (only you can read it).", flush=True)
    with stack.started(ROOT, os.environ, sys.stdout) as service:
        try:
            print(f"Ready after {time.monotonic() - begun:.1f} s. Asking: {demo.QUESTION}\n", flush=True)
            _show_an_answer(service)
            service.wait_for_flower()
            print(banner.text(service), flush=True)
            while True:
                time.sleep(WATCH_SECONDS)
                service.supervisor.retry_given_up()
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be gone
                print("\nStopping ...", flush=True)
    return 0


def _show_an_answer(service: stack.Stack) -> None:
    """A coach that cannot answer (a model API that is down, say) is told, but is no reason to stop the service."""
    try:
        answer = demo.ask(service)
    except LocalError as error:
        print(f"{error}\n", flush=True)
        return
    print(answer.shown(shutil.get_terminal_size().columns))
    print(f"\n  answered in {answer.seconds:.2f} s\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
