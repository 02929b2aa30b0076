"""The fields of one request, checked as they are taken; a wrong one raises the `ApiError` that names it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping

from flask import request

from offline.errors import ApiError, invalid


class Fields:
    """Fields of a JSON object, or of a form, where every value is a string."""

    def __init__(self, values: Mapping[str, object], prefix: str = "") -> None:
        self.values = values
        self._prefix = prefix

    @classmethod
    def of_json(cls) -> Fields:
        """The body of the current request, which must be a JSON object."""
        try:
            values = json.loads(request.get_data())
        except (ValueError, RecursionError):
            raise ApiError("The body is not valid JSON. Send a JSON object.") from None
        if not isinstance(values, dict):
            raise ApiError("The body must be a JSON object.")
        return cls(values)

    def path(self, name: str) -> str:
        """How an error names the field, such as `stream_options.include_usage`."""
        return f"{self._prefix}{name}"

    def text(self, name: str, most: int | None = None) -> str:
        """A required string with something in it, at most `most` characters long."""
        if self.values.get(name) is None:
            raise invalid(
                self.path(name), f"Missing required parameter: '{self.path(name)}'.", "missing_required_parameter"
            )
        return checked_text(self.values[name], self.path(name), most)

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        """One of `allowed`."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in allowed:
            raise invalid(self.path(name), f"'{self.path(name)}' must be one of {', '.join(allowed)}.")
        return value

    def number(self, name: str, least: float, most: float, default: float) -> float:
        """A number from `least` to `most`."""
        value = self.values.get(name)
        if value is None:
            return default
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if not least <= number <= most:
            raise invalid(self.path(name), f"'{self.path(name)}' must be a number from {least:g} to {most:g}.")
        return number

    def flag(self, name: str) -> bool:
        """True or false, false when missing."""
        value = self.values.get(name)
        if value in (None, False, "false"):
            return False
        if value in (True, "true"):
            return True
        raise invalid(self.path(name), f"'{self.path(name)}' must be true or false.", "invalid_type")

    def nested(self, name: str) -> Fields:
        """A JSON object in a field, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return Fields({}, f"{self.path(name)}.")
        if not isinstance(value, dict):
            raise invalid(self.path(name), f"'{self.path(name)}' must be an object.", "invalid_type")
        return Fields(value, f"{self.path(name)}.")

    def model(self, served: str) -> None:
        """Refuse any model but the one that this route serves."""
        name = self.text("model")
        if name != served:
            message = f"The model '{name[:64]}' does not exist on this route of the offline server. Use '{served}'."
            raise ApiError(message, status=404, param="model", code="model_not_found")

    def refuse(self, names: Collection[str]) -> None:
        """Refuse fields that would change the answer in a way the offline models cannot."""
        for name in names:
            if self.values.get(name):
                message = f"'{self.path(name)}' is not supported by the offline models. Leave it out."
                raise invalid(self.path(name), message, "unsupported_parameter")


def checked_text(value: object, param: str, most: int | None = None) -> str:
    """`value` when it is a string that can be used: not empty, no lone surrogates, at most `most` characters."""
    if not isinstance(value, str):
        raise invalid(param, f"'{param}' must be a string.", "invalid_type")
    if not value:
        raise invalid(param, f"'{param}' must not be empty.")
    if most is not None and len(value) > most:
        raise invalid(
            param, f"'{param}' has {len(value)} characters; at most {most} are accepted.", "string_above_max_length"
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(param, f"'{param}' is not valid Unicode text.") from None
    return value
