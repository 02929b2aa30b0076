"""For all tests."""

import logging

from hypothesis import Phase, settings

# Threads that outlive their test's server say so; without any handler, Python would print that after the summary.
logging.getLogger().addHandler(logging.NullHandler())

# Property-based tests take the same path in every run, and do not stop to shrink what fails;
# `make test ARGS="--hypothesis-profile=long --timeout=0 ..."` takes new and longer ones, and shrinks.
_short = settings(
    derandomize=True,
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
settings.register_profile("short", _short)
settings.register_profile("long", max_examples=3000, stateful_step_count=60, deadline=None, database=None)
settings.register_profile("fuzz", max_examples=300, deadline=None)
settings.load_profile("short")
