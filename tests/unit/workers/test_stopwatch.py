from workers.stopwatch import Stopwatch


def test_each_stage_is_counted_and_the_total_starts_at_acceptance() -> None:
    watch = Stopwatch()
    watch.enter("retrieving")
    watch.enter("generating")
    watch.enter("retrieving")

    timings = watch.timings(queued_ms=40)

    assert list(timings) == ["queued_ms", "retrieving_ms", "generating_ms", "total_ms"]
    assert timings["queued_ms"] == 40
    assert timings["total_ms"] >= 40
