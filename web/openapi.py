"""What any route may answer beside what is written at it: added to the contract in one place."""

from __future__ import annotations

from typing import Any

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_OF_ALL = {"500": "Something went wrong on our side"}
_WITH_A_KEY = {
    "400": "The request cannot be read",
    "401": "No API key, or not a good one",
    "403": "Not with this key, from this address, or over http",
    "429": "Too many requests, or too many wrong keys",
    "503": "Not available just now: `Retry-After` says when to try again",
}
_WITH_A_BODY = {"413": "The body is too large", "415": "The body is not of a kind that is read here"}


def with_common_answers(contract: dict[str, Any]) -> dict[str, Any]:
    """The contract with the errors that keys, bodies and outages bring to every route."""
    for methods in contract["paths"].values():
        for method, operation in methods.items():
            if method != "parameters":
                _complete(method, operation)
    return contract


def _complete(method: str, operation: dict[str, Any]) -> None:
    common = dict(_OF_ALL)
    if operation.get("security") != []:
        common |= _WITH_A_KEY
        if method == "post" or "requestBody" in operation:  # the text of any POST is screened for an emergency
            common |= _WITH_A_BODY
    for status, description in common.items():
        answer = operation["responses"].setdefault(status, {"description": description})
        if "$ref" not in answer:
            answer["content"] = {**answer.get("content", {}), **_PROBLEM}
