"""For all tests."""

import logging

# Threads that outlive their test's server say so; without any handler, Python would print that after the summary.
logging.getLogger().addHandler(logging.NullHandler())
