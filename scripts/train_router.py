"""Trains the router's heads and writes routing/router_weights.npz: `python -m scripts.train_router DATA_DIR`.

DATA_DIR holds halves of public sets: mmlu_train, gsm8k_train, task_prompts_train and nine_models_train.jsonl and
wildbench_scores.json, from lm-sys/RouteLLM, ulab-uiuc/LLMRouter and allenai/WildBench.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from routing.stored_weights import WEIGHTS
from routing.task_classifier import FOLLOWS
from routing.task_heads import CATEGORIES, TaskHeads
from scripts.train_benefit import benefit_scores, calibrated, fit_benefit
from scripts.train_categories import calibration, report, train
from scripts.train_success import success_weights
from scripts.training_messages import FOLDS, HELD_OUT_FOLD, corpus, extras, public, rows_of
from scripts.training_rows import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routing.benefit import BenefitHead
    from scripts.training_messages import Labelled


def main() -> None:
    """Cross-validate, fit, print what was measured on held-out topics, and write the weights."""
    data = Path(sys.argv[1])
    messages = [*corpus(), *extras(), *public(data)]
    figures, judged = calibration(messages)
    report("Cross-validated by topic, and by text for the public sets", judged)
    print({name: array.tolist() for name, array in figures.items()})
    weights = {**train(messages, (HELD_OUT_FOLD,)), **figures}
    benefit = benefit_of(data)
    print({"benefit/calibration": benefit.calibration.tolist()})
    weights |= {f"benefit/{name}": array for name, array in benefit.arrays().items()}
    weights |= success_weights(data, TaskHeads(weights))
    report_held_out(TaskHeads(weights), messages)
    np.savez_compressed(WEIGHTS, allow_pickle=False, **dict(sorted(weights.items())))
    print(f"\n{WEIGHTS.name}: {WEIGHTS.stat().st_size:,} bytes")


def benefit_of(data: Path) -> BenefitHead:
    """Fit the benefit head to both sets on which a strong and a weak model answered; calibrate it on held-out folds."""
    rows = [row for name in ("mmlu", "gsm8k") for row in rows_of(data / f"{name}_train.jsonl")]
    scores = np.zeros(len(rows))
    for fold in range(FOLDS):
        head = _benefit_head([row for place, row in enumerate(rows) if place % FOLDS != fold])
        scores[fold::FOLDS] = benefit_scores(head, [row["prompt"] for row in rows[fold::FOLDS]])
    weak, strong = ([float(row[name]) for row in rows] for name in ("weak_right", "strong_right"))
    return calibrated(_benefit_head(rows), scores, weak, strong)


def _benefit_head(rows: Sequence[Mapping[str, Any]]) -> BenefitHead:
    prompts, subjects = [row["prompt"] for row in rows], [row["subject"] for row in rows]
    weak, strong = ([float(row[name]) for row in rows] for name in ("weak_right", "strong_right"))
    return fit_benefit(prompts, weak, strong, subjects)


def report_held_out(heads: TaskHeads, messages: Sequence[Labelled]) -> None:
    """Print how the weights that are shipped do on the topics that they have not seen."""
    held = [message for message in messages if message.fold == HELD_OUT_FOLD and message.source == "corpus"]
    found = [heads.judge(read(message.whole)) for message in held]
    names = [max(CATEGORIES, key=judgement.categories.__getitem__) for judgement in found]
    report("Held-out topics", [(message, str(name)) for message, name in zip(held, names, strict=True)])
    follows = [heads.follows(read(message.text)) > FOLLOWS for message in held]
    right = sum(said == bool(message.before) for said, message in zip(follows, held, strict=True))
    print(f"  follow-ups known                {len(held):>6}{100 * right / len(held):>8.1f} %")
    logs = [abs(np.log(one.answer_tokens / (message.tokens or 1))) for one, message in zip(found, held, strict=True)]
    print(f"  answer length, median factor    {len(held):>6}{np.exp(np.median(logs)):>8.2f}")


if __name__ == "__main__":
    main()
