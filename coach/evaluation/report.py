"""One Markdown page of an evaluation: the figures, a chart of them, and every scripted conversation as it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coach.evaluation.dialogues import Dialogue, Exchange

Held = Sequence[tuple[Dialogue, Sequence[Exchange]]]


def page(figures: Mapping[str, Mapping[str, Any]], held: Held, about: str) -> str:
    """`figures` are those of `SETS` by name, `held` the conversations; `about` says what, where and when."""
    return "\n".join([*_head(figures, held, about), *_tables(figures), *_conversations(held)]).rstrip() + "\n"


def rows(figures: Mapping[str, Mapping[str, Any]], held: Held) -> list[tuple[str, float]]:
    """What the chart shows: a name and a share of 0 to 1 each."""
    found = [(name, share) for name, values in figures.items() if (share := _whole(values)) is not None]
    failed = sum(any(exchange.failures for exchange in exchanges) for _, exchanges in held)
    return [*found, ("dialogues", 1 - failed / len(held))] if held else found


def _whole(values: Mapping[str, Any]) -> float | None:
    """One figure for a set: its accuracy, its recall, or the mean over its fields."""
    if "accuracy" in values:
        return float(values["accuracy"])
    if "by_field" in values:
        return float(sum(values["by_field"].values()) / len(values["by_field"]))
    return values.get("recall")


def _head(figures: Mapping[str, Mapping[str, Any]], held: Held, about: str) -> Iterator[str]:
    yield f"# How the coach does\n\n{about}\n"
    bars = rows(figures, held)
    yield "```mermaid\nxychart-beta"
    yield '    title "Share judged right (injection: recall)"'
    yield f"    x-axis [{', '.join(name for name, _ in bars)}]"
    yield '    y-axis "share" 0 --> 1'
    yield f"    bar [{', '.join(f'{share:.3f}' for _, share in bars)}]\n```\n"


def _tables(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, values in figures.items():
        yield f"## {name}\n\n| figure | value |\n|---|---|"
        for figure, value in values.items():
            if isinstance(value, Mapping):
                for key, each in value.items():
                    yield f"| {figure}: {key} | {_cell(each)} |"
            else:
                yield f"| {figure} | {_cell(value)} |"
        yield ""


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "-" if value is None else str(value)


def _conversations(held: Held) -> Iterator[str]:
    if not held:
        return
    kept = sum(not any(exchange.failures for exchange in exchanges) for _, exchanges in held)
    yield f"## dialogues\n\n{kept} of {len(held)} went as they must.\n"
    for dialogue, exchanges in held:
        failed = any(exchange.failures for exchange in exchanges)
        yield f"### {dialogue.title}{' (failed)' if failed else ''}\n"
        for exchange in exchanges:
            answer = exchange.answer
            yield f"> {' '.join(exchange.said.split())}\n"
            cited = ", ".join(citation["id"] for citation in answer["output"]["citations"])
            yield f"{answer['output']['text']}{f' ({cited})' if cited else ''}\n"
            yield from (f"- **{failure}**" for failure in exchange.failures)
            if exchange.failures:
                yield ""
