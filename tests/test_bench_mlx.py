"""The bench of MLX: its arithmetic, and that it runs to its table with all three contestants."""

from __future__ import annotations

import argparse
import importlib.util
from typing import TYPE_CHECKING

import pytest

from bench.mlx_answers import Answer, Prompts
from bench.mlx_table import Target, table

if TYPE_CHECKING:
    from pathlib import Path


def an_answer(*times: float, tokens: int = 5) -> Answer:
    return Answer([("user", "the sea")], 9, asked=1.0, times=list(times), tokens=tokens)


def test_decoding_is_timed_from_the_first_text() -> None:
    """Five tokens that came evenly in 0.4 s are 4 steps: 10 a second, however long the first one took."""
    answer = an_answer(3.0, 3.1, 3.2, 3.3, 3.4)
    assert answer.first_seconds == pytest.approx(2.0)
    assert answer.decode_tokens_per_second == pytest.approx(10.0)


def test_decoding_counts_tokens_also_where_a_piece_has_several() -> None:
    """Ten tokens in five pieces are two a piece."""
    assert an_answer(3.0, 3.1, 3.2, 3.3, 3.4, tokens=10).decode_tokens_per_second == pytest.approx(20.0)


def test_a_gap_counts_if_it_reaches_into_the_time_in_question() -> None:
    answer = an_answer(0.0, 5.0, 5.1, 6.0, 9.0)
    assert answer.worst_gap_seconds(5.5, 5.8) == pytest.approx(0.9)
    assert answer.worst_gap_seconds(4.0, 5.05) == pytest.approx(5.0)
    assert answer.worst_gap_seconds(9.5, 9.9) == 0.0


def test_a_conversations_next_turn_begins_with_all_of_it() -> None:
    """So that a reuse has something to reuse; and no two conversations begin alike."""
    prompts = Prompts(1)
    history = prompts.history(64)
    assert prompts.following(history)[: len(history)] == history
    assert len({prompts.one(16)[0][1] for _ in range(50)}) == 50


@pytest.mark.parametrize(("ours", "words"), [((9.8, 5.0, 9.9), "98.0% of raw"), ((9.0, 9.6, 5.0), "NOT MET")])
def test_a_target_goes_by_the_median_of_the_rounds(ours: tuple[float, ...], words: str) -> None:
    """One round that something else has slowed down decides nothing."""
    row = "decode alone, tok/s"
    figures = {"ours": [{row: [figure]} for figure in ours], "raw": [{row: [10.0]} for _ in ours]}
    line = next(line for line in table(figures, (1,)) if line.startswith(row))
    assert words in line


def test_where_less_is_better_the_quotient_is_turned_round() -> None:
    """20 ms against 150 ms is a seventh and a half: under a fifth."""
    target = Target("newcomer", 5.0, "server", less_is_better=True)
    assert target.quotient({"ours": [{"newcomer": [20.0]}], "server": [{"newcomer": [150.0]}]}) == pytest.approx(7.5)
    assert target.quotient({"ours": [{"newcomer": [20.0]}], "server": [{}]}) is None


@pytest.mark.skipif(importlib.util.find_spec("mlx_lm") is None, reason="MLX is not installed here")
async def test_all_contestants_run_to_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every row has a figure of each contestant that takes part in it; the worker and the server are real ones."""
    from bench.mlx import run  # noqa: PLC0415 - slow to import, and MLX need not be there
    from bench.mlx_measures import Scale  # noqa: PLC0415

    given = argparse.Namespace(
        model=None,
        parameters=0.2,
        rounds=1,
        quick=True,
        apart=False,
        wired=None,
        contestants="ours,raw,server",
        seed=1,
    )
    scale = Scale(tokens=6, prompt_tokens=4, history_tokens=48, widths=(1, 2), streams=1, newcomers=1)
    await run(given, scale, fast=True)
    printed = capsys.readouterr().out
    rows = {line[:32].strip(): line[32:].split() for line in printed.splitlines()}
    assert rows["decode alone, tok/s"][:3].count("-") == 0
    for name in (
        "2 at once, tok/s",
        "newcomer's first token, ms",
        "turn 2 without reuse, s",
        "worst gap in a prefill, ms",
    ):
        ours, raw, server = rows[name][:3]
        assert float(ours) > 0
        assert raw == "-"
        assert float(server) > 0
    assert all(float(size) > 0 for name in ("peak memory, MB", "peak memory of MLX, MB") for size in rows[name])
    assert str(tmp_path) not in printed
