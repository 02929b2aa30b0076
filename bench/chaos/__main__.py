"""`python -m bench.chaos`: break everything for some minutes; exit code 0 only if every promise was kept."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bench.chaos import broken, plan, trial

_EXAMPLES = 5


def main() -> int:
    """Run once and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="two minutes: 150 jobs, each kind of fault once")
    parser.add_argument("--seed", type=int, help="repeat the schedule of an earlier run")
    parser.add_argument("--keep", action="store_true", help="keep logs and data also when all is well")
    parser.add_argument("--break-fencing", action="store_true", help="without the fence check, in a copy: has to fail")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    if options.break_fencing:
        return broken.run([*(["--short"] if options.short else []), "--seed", str(seed)])
    scale = plan.SHORT if options.short else plan.LONG
    print(f"chaos: seed {seed}, {scale.jobs} jobs in {scale.sessions} sessions ...", flush=True)
    started, data_dir = time.monotonic(), Path(tempfile.mkdtemp(prefix="chaos-"))
    verdict = trial.run(scale, seed, data_dir)
    print("\n".join(verdict.lines))
    print(f"  took {time.monotonic() - started:.0f} s")
    if not verdict.violations and not options.keep:
        shutil.rmtree(data_dir)
        return 0
    for name, cases in verdict.violations.items():
        print(f"VIOLATED: {name}", *cases[:_EXAMPLES], sep="\n    ")
    print(f"Logs and data are kept in {data_dir}; the schedule is that of --seed {seed}.")
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())
