import pytest

from workers.breaker import LONGEST_PAUSE_SECONDS, OPENS_AFTER, PROBE_SECONDS, Breaker, ModelAway


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def _open(breaker: Breaker) -> None:
    for _ in range(OPENS_AFTER):
        breaker.admit()
        breaker.failed()


def _seconds(breaker: Breaker) -> float:
    """How long one would have to wait; 0 = it let this call through."""
    try:
        breaker.admit()
    except ModelAway as away:
        return away.seconds
    return 0.0


def test_single_failures_between_successes_leave_it_closed(breaker: Breaker) -> None:
    for _ in range(OPENS_AFTER):
        breaker.failed()
        breaker.succeeded()
    assert _seconds(breaker) == 0


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    _open(breaker)
    with pytest.raises(ModelAway):
        breaker.admit()


def test_after_the_pause_one_probe_is_let_through_and_the_others_wait(breaker: Breaker, clock: Clock) -> None:
    _open(breaker)
    clock.now += _seconds(breaker)

    assert _seconds(breaker) == 0
    assert 0 < _seconds(breaker) <= PROBE_SECONDS + 1


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    _open(breaker)
    clock.now += _seconds(breaker)
    breaker.admit()
    breaker.succeeded()

    assert [_seconds(breaker) for _ in range(3)] == [0, 0, 0]
    breaker.failed()
    assert _seconds(breaker) == 0, "it takes several failures again"


def test_a_probe_that_fails_doubles_the_pause_up_to_the_longest(breaker: Breaker, clock: Clock) -> None:
    _open(breaker)
    waits = []
    for _ in range(10):
        waits.append(_seconds(breaker))
        clock.now += waits[-1]
        breaker.admit()
        breaker.failed()

    assert waits[0] <= 2
    assert max(waits) > LONGEST_PAUSE_SECONDS / 2
    assert all(wait <= LONGEST_PAUSE_SECONDS + 1 for wait in waits)


def test_calls_that_were_under_way_when_it_opened_do_not_lengthen_the_pause(breaker: Breaker) -> None:
    _open(breaker)
    for _ in range(200):
        breaker.failed()
    assert _seconds(breaker) <= 2


def test_a_probe_that_tells_nothing_makes_room_for_another(breaker: Breaker, clock: Clock) -> None:
    _open(breaker)
    clock.now += _seconds(breaker)
    breaker.admit()  # its job was cancelled
    clock.now += PROBE_SECONDS
    assert _seconds(breaker) == 0
