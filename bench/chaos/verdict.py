"""The table at the end: what was promised, what became of it, and which lines must read 0."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bench.chaos import findings
from bench.chaos.findings import Findings, seconds
from bench.chaos.load import Load
from bench.chaos.plan import MODEL_FAULTS, PROCESS_FAULTS, STAGE_OF_PATH, Scale
from bench.chaos.processes import WORKERS
from bench.chaos.record import Record

GRACE_SECONDS = 20  # beat, the worker or Valkey may just have been killed when a deadline passes
RECOVERY_SECONDS = 30
HANG_SECONDS = 5
TELL_SECONDS = 120  # a delivery worker killed in an attempt costs its lease of 30 s, and that may happen twice
WEB_START_SECONDS = 25  # on two busy cores, until the first request is answered again
_EXPLAINED = {"attempts_exhausted", "deadline_passed", "model_unavailable"}
_KILLS = {"worker killed", "voice worker killed"}
_FOR_ALL = {"Valkey killed", "model server killed"}
_CHAT = "/v1/chat/completions"


@dataclass
class Verdict:
    """Lines to print, and the evidence for each promise that was not kept."""

    lines: list[str] = field(default_factory=list)
    violations: dict[str, list[str]] = field(default_factory=dict)

    def say(self, name: str, value: object) -> None:
        """A line for information."""
        self.lines.append(f"  {name:<46} {value}")

    def must_be_none(self, name: str, cases: list[str]) -> None:
        """A line that must read 0."""
        self.lines.append(f"  {name:<46} {len(cases):<6} {'VIOLATED' if cases else 'ok'}")
        if cases:
            self.violations[name] = cases


def judge(
    scale: Scale, load: Load, found: Findings, record: Record, *, waited: set[str], calls: Counter[str]
) -> Verdict:
    """Check every promise against what was found."""
    verdict = Verdict()
    grave = sum(promise.saying.grave for promise in load.promises.values())
    verdict.say("accepted (202), and answered on the spot", f"{len(load.promises) - grave} and {grave}")
    for ending, count in sorted(findings.endings(found).items()):
        verdict.say(f"  {ending}", count)
    _promises(verdict, scale, load, found, record)
    _recovery(verdict, found, record, waited)
    chats = [state for state in found.jobs.values() if state and state["status"] == "completed" and state["coach"]]
    needed = sum(state["outcome"] != "escalated" for state in chats)
    verdict.say("chat calls, answers, extra calls", f"{calls[_CHAT]}, {needed}, {calls[_CHAT] - needed}")
    _coverage(verdict, scale, record, len(load.promises))
    return verdict


def _promises(verdict: Verdict, scale: Scale, load: Load, found: Findings, record: Record) -> None:
    over = {"completed", "failed", "cancelled", "expired"}
    limit = scale.deadline_seconds + GRACE_SECONDS
    verdict.must_be_none("lost", [job for job, state in found.jobs.items() if state is None])
    verdict.must_be_none("doubled in history", findings.doubled(found))
    verdict.must_be_none("answered, but not in history", findings.missing(found))
    verdict.must_be_none("out of order within a session", findings.out_of_order(found, load.promises))
    stuck = []
    for job, state in found.jobs.items():
        if state and state["status"] not in over:
            stuck.append(f"{job}: {state['status']}")
        elif state and seconds(state["completed_at"]) - seconds(state["created_at"]) > limit:
            stuck.append(f"{job}: ended late, as {state['status']}")
    verdict.must_be_none("stuck past deadline", stuck)
    verdict.must_be_none("terminal status changed", findings.changed_after_the_end(found, record))
    accepted = Counter(promise.session.id for promise in load.promises.values())
    ghosts = [
        f"{session}: {n} for {accepted[session]}" for session, n in found.numbered.items() if n != accepted[session]
    ]
    verdict.must_be_none("jobs that nobody was promised", ghosts)
    verdict.must_be_none("ended, but nobody was told", [job for job in found.jobs if job not in found.told])
    verdict.must_be_none("told otherwise than it ended", findings.told_wrongly(found))
    repeated = sum(len(events) - 1 for events in found.told.values())
    verdict.say("jobs told of, and how often once more", f"{len(found.told)}, {repeated}")
    verdict.must_be_none("promises broken or given twice", load.broken_promises + found.replayed_wrongly)
    unexplained = [
        f"{job}: {state['error']['code']}"
        for job, state in found.jobs.items()
        if state and state["error"] and state["error"]["code"] not in _EXPLAINED
    ]
    verdict.must_be_none("failures that no fault explains", unexplained)
    verdict.must_be_none("server errors (5xx other than 503)", [entry["why"] for entry in record.of("server error")])
    verdict.must_be_none("requests left hanging", _hung(record))
    refused = [entry["seconds"] for entry in record.of("not now")]
    verdict.say("503 answers, slowest", f"{len(refused)}, {max(refused, default=0):.2f} s")


def _hung(record: Record) -> list[str]:
    """Requests without an answer for long, other than those that lay before a web process that was just starting."""
    starts = [fault["at"] for fault in record.of("fault") if fault["kind"].startswith("web")]
    return [
        f"{entry['why']} after {entry['seconds']} s"
        for entry in record.of("no answer")
        if entry["seconds"] > HANG_SECONDS and not any(0 < entry["at"] - at < WEB_START_SECONDS for at in starts)
    ]


def _recovery(verdict: Verdict, found: Findings, record: Record, waited: set[str]) -> None:
    """From a worker's death to the completion of what it held, where nothing else struck the same job meanwhile."""
    faults = record.of("fault")
    clean: list[tuple[float, str]] = []
    disturbed: list[tuple[float, str]] = []
    for index, fault in enumerate(faults):
        for job in fault.get("running", []) if fault["kind"] in _KILLS else []:
            state = found.jobs.get(job)
            if not state or state["status"] != "completed":
                continue
            ended = seconds(state["completed_at"])
            later = [other for other in faults[index + 1 :] if other["at"] < ended]
            again = any(
                other["kind"] in _FOR_ALL or (other.get("target") in WORKERS and job in other["running"])
                for other in later
            )
            (disturbed if again or job in waited else clean).append((round(ended - fault["at"], 1), job))
    for name, times in (("recovery", clean), ("recovery when struck again", disturbed)):
        figures = [time for time, _ in times]
        middle = f"{statistics.median(figures):.1f} s, max {max(figures):.1f} s" if figures else "none seen"
        verdict.say(f"{name} ({len(figures)} jobs), p50", middle)
    slow = [f"{job}: {time} s" for time, job in clean if time > RECOVERY_SECONDS]
    verdict.must_be_none(f"recoveries over {RECOVERY_SECONDS} s", slow)


def _coverage(verdict: Verdict, scale: Scale, record: Record, accepted: int) -> None:
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    counts: Counter[str] = Counter()
    for fault in record.of("fault"):
        counts[fault["kind"]] += 1
        seen[fault["kind"]].update(fault["stages"])
    wanted = {kind: stages for kind, (stages, _) in PROCESS_FAULTS.items()}
    wanted |= dict.fromkeys(MODEL_FAULTS, tuple(STAGE_OF_PATH.values()))
    lacking = [f"only {accepted} of {scale.jobs} jobs were sent"] if accepted < scale.jobs and scale.repeats > 1 else []
    verdict.lines.append("  faults, and how often a job was hit in each stage")
    for kind, stages in wanted.items():
        times = "  ".join(f"{stage} {seen[kind][stage]}" for stage in stages)
        verdict.say(f"  {kind}: {counts[kind]}", times)
        if counts[kind] < scale.repeats:
            lacking.append(f"{kind}: {counts[kind]} times")
        if scale.repeats > 1:
            lacking += [f"{kind}: never while {stage}" for stage in stages if not seen[kind][stage]]
    verdict.must_be_none("faults that did not come as planned", lacking)
