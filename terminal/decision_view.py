"""Draws a routing decision: request, task analysis, options, decision, fallback chain, what was left out, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from routing.explanation import budget_option, grouped_by_reason, requirements
from terminal.control_characters import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from routing.types import Candidate, RoutingDecision

_REQUEST_CHARACTERS = 200


def decision_view(decision: RoutingDecision, request: str, seconds: float, warnings: Sequence[str] = ()) -> Group:
    """Draw it whole (specification S3). `seconds` is what deciding took; `warnings` come last."""
    return Group(
        _facts(_head(decision, request, seconds)),
        *_section("Task analysis", _facts(_task(decision))),
        *_section("Options", _options(decision)),
        *_section("Decision", _facts(_decision(decision))),
        *_section("Fallback chain", _indented(_chain(decision))),
        *_rules(decision),
        *_left_out(decision),
        *([Text()] if decision.notes or warnings else ()),
        *(_line(f"ⓘ {note}") for note in decision.notes),
        *(_line(f"⚠ {warning}") for warning in warnings),
    )


def _head(decision: RoutingDecision, request: str, seconds: float) -> Mapping[str, str]:
    shown = " ".join(request.split())
    return {
        "request": shown if len(shown) <= _REQUEST_CHARACTERS else f"{shown[:_REQUEST_CHARACTERS]}…",
        "strategy": _spaced(decision.strategy),
        "time": f"decided in {seconds * 1e3:.2f} ms",
    }


def _task(decision: RoutingDecision) -> Mapping[str, str]:
    task, wanted = decision.classification, requirements(decision)
    needs = ", ".join([*wanted["capabilities"], *wanted["needs"], *["tools"] * wanted["tools"]])
    seconds = wanted["latency_seconds"]
    return {
        "type": f"{_spaced(task.category)}, confidence {task.confidence:.2f}; {task.modality}, {task.language}",
        "complexity": f"{wanted['complexity']} ({_spaced(task.complexity)}, {task.level} of 10, {task.tier})",
        "context size": f"about {task.prompt_tokens:,} tokens",
        "requirements": _spaced(needs),
        "  context window": f"{wanted['context_tokens']:,} tokens",
        "  quality level": wanted["quality"],
        "  latency target": f"under {seconds:g} s" if seconds else "none: it may take its time",
    }


def _options(decision: RoutingDecision) -> RenderableType:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("option", no_wrap=True)
    table.add_column("model", overflow="fold")
    table.add_column("cost", no_wrap=True, justify="right")
    table.add_column("quality", no_wrap=True, justify="right")
    for role, candidate in _roles(decision):
        quality = f"{candidate.model.quality.of(decision.classification.category):.2f}"
        table.add_row(role, _line(candidate.model.display_name), f"{candidate.model.cost:g}", quality)
    return table


def _roles(decision: RoutingDecision) -> Iterator[tuple[str, Candidate]]:
    """Name the first two, and the one that takes least of the machine."""
    yield from zip(("primary", "fallback"), decision.candidates, strict=False)
    if budget := budget_option(decision):
        yield "budget", budget


def _decision(decision: RoutingDecision) -> Mapping[str, str]:
    first = decision.candidates[0]
    return {
        "model": first.model.display_name,
        "provider": first.model.backend,
        "reasoning": ", ".join(first.reasons),
        "estimated cost": f"{decision.estimated_cost:g} of 1, the whole machine",
        "tokens": f"about {decision.classification.prompt_tokens:,} in, {decision.estimated_tokens:,} out",
        "latency": f"about {decision.estimated_seconds:.1f} s to the end",
        "in short": decision.explain(left_out=False),
    }


def _chain(decision: RoutingDecision) -> Text:
    names = [candidate.model.display_name for candidate in decision.candidates]
    together = names[: decision.race] if decision.race > 1 else []
    rest = names[len(together) :]
    return _line(" → ".join([*[f"{' + '.join(together)} at once"] * bool(together), *rest]))


def _rules(decision: RoutingDecision) -> list[RenderableType]:
    if not decision.rules:
        return []
    rows = (f"{'✓' if rule.followed else '✗'} {rule.place}: {rule.rule}: {rule.effect}" for rule in decision.rules)
    return _section("Your rules", *(_indented(_line(row)) for row in rows))


def _left_out(decision: RoutingDecision) -> list[RenderableType]:
    rows = (f"{reason}: {', '.join(names)}" for reason, names in grouped_by_reason(decision).items())
    return _section("Left out", *(_indented(_line(row)) for row in rows)) if decision.exclusions else []


def _section(title: str, *parts: RenderableType) -> list[RenderableType]:
    return [Text(), Text(title, style="bold"), *parts]


def _facts(rows: Mapping[str, str]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, _line(value))
    return _indented(table)


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)


def _line(text: str) -> Text:
    """Make text of a question or a server harmless."""
    return Text(printable(text))


def _spaced(name: str) -> str:
    return name.replace("_", " ")
