"""What can keep the stack from starting."""

from __future__ import annotations


class LocalError(Exception):
    """One sentence that tells a person what is wrong and what to do next."""
