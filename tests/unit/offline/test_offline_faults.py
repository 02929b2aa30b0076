import pytest

from offline.errors import ApiError
from offline.faults import Fault, Faults, parse


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429; retry-after=2", Fault(status=429, retry_after=2)),
        ("503;retry-after=0.5", Fault(status=503, retry_after=0.5)),
        (" 500 ", Fault(status=500)),
        ("slow; seconds=3", Fault(seconds=3)),
        ("cut", Fault(cut=True)),
    ],
)
def test_faults_are_read_from_their_short_form(text: str, fault: Fault) -> None:
    assert parse(text) == fault


@pytest.mark.parametrize("text", ["", "200", "600", "slow", "slow; seconds=601", "slow; seconds=-1", "500; seconds=1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        parse(text)


def test_faults_wait_for_their_path_in_order_and_are_used_up() -> None:
    faults = Faults()
    faults.add("/v1/a", Fault(status=500), times=2)
    faults.add("/v1/a", Fault(cut=True), times=1)
    assert faults.take("/v1/b") is None
    assert [faults.take("/v1/a") for _ in range(4)] == [
        Fault(status=500), Fault(status=500), Fault(cut=True), None,
    ]  # fmt: skip
    assert faults.report() == {"calls": {"/v1/a": 4, "/v1/b": 1}, "waiting": {}}


def test_clearing_forgets_faults_and_counts() -> None:
    faults = Faults()
    faults.add("/v1/a", Fault(cut=True), times=3)
    faults.take("/v1/a")
    faults.clear()
    assert faults.report() == {"calls": {}, "waiting": {}}
