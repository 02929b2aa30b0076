"""Safety first: a message that reads like an emergency is answered before any limit or check can refuse it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, g, request

import safety
from store.texts import clean

_LONGEST_SCREENED = 20_000  # characters; far above MAX_MESSAGE_LENGTH, so that a refused message is screened too


def screen() -> None:
    """Triage the text of a POST, if it can be parsed, and keep the help text for whatever answer follows."""
    if request.method != "POST" or request.mimetype == "multipart/form-data":
        return
    try:
        body = request.get_json(force=True, silent=True)  # whatever its Content-Type says
    except RecursionError:
        return
    text = (body if isinstance(body, dict) else request.form).get("text")
    if isinstance(text, str):
        look_at(text)


def look_at(text: str) -> None:
    """Triage a text, and keep the help text for whatever answer follows."""
    # As it was sent, and as the coach would see it: invisible characters may pad the words, or stand between them.
    for version in dict.fromkeys((text, clean(text))):
        triage = safety.triage(version[:_LONGEST_SCREENED], current_app.config["SETTINGS"].safety_locale)
        if triage.grave:
            g.safety = {"category": triage.category, "text": safety.fixed_text(triage)}
            g.grave_text = clean(text).encode(errors="replace").decode()
            return


def escalates(answer: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have `answer` take over from the route below when the message reads like an emergency."""

    def decorate(route: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(route)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return answer(*args, **kwargs) if g.get("safety") else route(*args, **kwargs)

        return wrapped

    return decorate
