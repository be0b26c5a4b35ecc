"""Part (e) of bench.routing: how many choices stay what they were when a text is misspelt, shouted or padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.routing_noise import NOISES
from bench.routing_table import Row, Table, Target
from routing.intelligent_router import IntelligentRouter
from routing.model_registry import ModelRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.routing_nearest import NearestUtterance
    from routing.types import TaskCategory

COLUMNS = ("category", "model", "both", "nearest")
LEAST = Target(95.0)


class Choice(NamedTuple):
    """What a text was taken for, by our router and by the nearest utterances."""

    category: TaskCategory
    model: str
    nearest: TaskCategory


def robustness_table(texts: Mapping[str, Sequence[str]], nearest: NearestUtterance, seed: int) -> Table:
    """Compare the choice for each text with that for its changed one; `texts` are by where they come from."""
    router = IntelligentRouter(ModelRegistry())
    rows, everything = [], list[tuple[Choice, Choice]]()
    for source, some in texts.items():
        before = [choice(text, router, nearest) for text in some]
        for name, changed in NOISES.items():
            after = [choice(changed(text, seed), router, nearest) for text in some]
            pairs = list(zip(before, after, strict=True))
            rows.append(_row(f"{source}, {name}", pairs))
            everything += pairs
    whole = _row("all", everything)
    judged = Row(whole.name, whole.figures, (LEAST.verdict(whole.figures[2] or 0.0),))
    counts = ", ".join(f"{len(some):,} of the {source}" for source, some in texts.items())
    return Table(
        "(e) robustness, % of choices that stay: one typo in eight words and at least one, case, white space",
        COLUMNS,
        [judged, *rows],
        (f"Texts: {counts}. Both: our category and our first model. Nearest: that baseline's category.",),
        1,
    )


def choice(text: str, router: IntelligentRouter, nearest: NearestUtterance) -> Choice:
    """Decide about one text."""
    decision = router.decide(text)
    return Choice(decision.classification.category, decision.candidates[0].model.model_id, nearest.category(text))


def _row(name: str, pairs: Sequence[tuple[Choice, Choice]]) -> Row:
    stay = [
        (
            before.category is after.category,
            before.model == after.model,
            before[:2] == after[:2],
            before.nearest is after.nearest,
        )
        for before, after in pairs
    ]
    return Row(name, [100 * sum(column) / len(column) for column in zip(*stay, strict=True)])
