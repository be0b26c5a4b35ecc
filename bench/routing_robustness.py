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
_TITLE = "(e) robustness, % of choices that stay: a typo in one of eight words, at least one; case; white space"


class Choice(NamedTuple):
    """What a text was taken for, by our router and by the nearest utterances."""

    category: TaskCategory
    model: str
    nearest: TaskCategory


def robustness_table(texts: Mapping[str, Sequence[str]], nearest: NearestUtterance, seed: int) -> Table:
    """Compare the choice for each text with that for its changed one; `texts` are by where they come from."""
    router = IntelligentRouter(ModelRegistry())
    pairs = {
        (source, name): [(choice(text, router, nearest), choice(changed(text, seed), router, nearest)) for text in some]
        for source, some in texts.items()
        for name, changed in NOISES.items()
    }
    noises = (_row(name, [pair for key in pairs if key[1] == name for pair in pairs[key]], LEAST) for name in NOISES)
    rows = [
        _row("all", [pair for some in pairs.values() for pair in some], LEAST),
        *noises,
        *(_row(f"{source}, {name}", some) for (source, name), some in pairs.items()),
    ]
    counts = ", ".join(f"{len(some):,} of the {source}" for source, some in texts.items())
    remark = f"Texts: {counts}. Both: our category and our first model. Nearest: that baseline's category."
    return Table(_TITLE, COLUMNS, rows, (remark,), 1)


def choice(text: str, router: IntelligentRouter, nearest: NearestUtterance) -> Choice:
    """Decide about one text."""
    decision = router.decide(text)
    return Choice(decision.classification.category, decision.candidates[0].model.model_id, nearest.category(text))


def _row(name: str, pairs: Sequence[tuple[Choice, Choice]], target: Target | None = None) -> Row:
    stay = [
        (
            before.category is after.category,
            before.model == after.model,
            before[:2] == after[:2],
            before.nearest is after.nearest,
        )
        for before, after in pairs
    ]
    shares = [100 * sum(column) / len(column) for column in zip(*stay, strict=True)]
    return Row(name, shares, (target.verdict(shares[2]),) if target else ())
