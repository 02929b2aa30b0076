from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webhooks.send import retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b" 120 ", 120.0),
        (b"999999999", 86_400.0),
        (b"Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        (b"Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        (b"Sunday, 01-Mar-26 12:00:30 GMT", 30.0),
        (b"Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        (b"Mon, 01 Mar 9999 11:00:00 GMT", 86_400.0),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date_and_held_within_a_day(value: bytes, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [b"", b"soon", b"-5", b"1.5", b"1e9", b"0x10", b"9" * 5000, b"\xff\xfe", b"Sun, 99 Mar 2026 12:00:30 GMT", b"nan"],
)
def test_a_wait_that_cannot_be_read_is_none(value: bytes) -> None:
    assert retry_after(value, NOW) is None
