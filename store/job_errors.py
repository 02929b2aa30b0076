"""Why a job failed or expired: the stored code, the sentence a person reads, and whether posting again can help."""

from __future__ import annotations

_ERRORS: dict[str, tuple[str, bool]] = {
    "deadline_passed": ("The job was not finished by its deadline. Please send it again.", True),
    "attempts_exhausted": ("The job was interrupted too often. Please send it again.", True),
    "model_unavailable": ("The language model could not be reached in time. Please try again later.", True),
    "model_rate_limited": ("The language model is busy. Please try again later.", True),
    "model_refused": ("The language model declined this message. Please put it in other words.", False),
    "model_auth": ("The service's access to the language model is not working. Please tell its operator.", False),
    "model_bad_request": ("The language model could not use this request. Please tell the service's operator.", False),
    "audio_unreadable": (
        "The recording could not be read. Please record it again as WAV, WebM, MP3, M4A or Ogg.",
        False,
    ),
    "audio_too_long": ("The recording is too long. Please send a shorter one.", False),
    "internal_error": ("Something went wrong on our side. Please send the message again.", True),
}


def describe(code: str) -> dict[str, str | bool]:
    """The `error` object of a job."""
    message, retryable = _ERRORS.get(code, _ERRORS["internal_error"])
    return {"code": code, "message": message, "retryable": retryable}
