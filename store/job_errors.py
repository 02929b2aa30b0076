"""Why a job has no answer: a code for programs, a sentence for people, and whether sending it again can help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobError:
    """The `error` object of a job. `message` is fit for the person and quotes nobody."""

    code: str
    message: str
    retryable: bool


INTERNAL = JobError("internal_error", "Something went wrong on our side. Please send the message again.", True)

# What the ledger itself ends jobs with; it knows codes only.
_LEDGER = (
    JobError("deadline_passed", "The job was not finished by its deadline. Please send it again.", True),
    JobError("attempts_exhausted", "The job was interrupted too often. Please send it again.", True),
    JobError("model_unavailable", "The language model could not be reached in time. Please try again later.", True),
)


def of_code(code: str) -> JobError:
    """What an error code of `lua/` means."""
    return next((error for error in _LEDGER if error.code == code), INTERNAL)
