"""The child of bench.routing that measures LiteLLM's complexity router: a line of JSON comes in, one goes out.

It runs under an interpreter of its own, since LiteLLM wants other versions of some libraries than the bot does. Both
of its local classifiers are asked by the call that decides; nothing goes over a network.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERSIONS = {"LiteLLM v1": "heuristic", "LiteLLM v2": "heuristic_v2"}
"""Our names for its two classifiers, and what its configuration calls them."""


def decided(router: Any, text: str) -> Any:
    """Have it classify. Its coroutine awaits nothing with these classifiers, so it ends at the first step."""
    try:
        router.aclassify(text).send(None)
    except StopIteration as ended:
        return ended.value
    raise RuntimeError("LiteLLM's local classifier waited for something")


def judged(router: Any, texts: Sequence[str]) -> list[tuple[float, str]]:
    """Give a score for each text, higher = harder, and the kind of request where it names one."""
    return [_judgement(decided(router, text)) for text in texts]


def _judgement(outcome: Any) -> tuple[float, str]:
    """v1 has a score. v2 has none but the probability that the least of its four tiers does."""
    forecast = outcome.heuristic_v2_forecast
    if forecast is None:
        return float(outcome.score), ""
    return 1.0 - float(forecast["probabilities"]["SIMPLE"]), str(forecast["request_type"])


def microseconds(call: Callable[[str], object], texts: Sequence[str], rounds: int) -> list[float]:
    """Time each call of so many rounds over the texts, after one that is not timed."""
    for text in texts:
        call(text)
    taken = []
    for _ in range(rounds):
        for text in texts:
            began = time.perf_counter_ns()
            call(text)
            taken.append((time.perf_counter_ns() - began) / 1000)
    return taken


def main() -> None:
    """Answer until the pipe ends."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it downloads a table of prices
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever it prints is no answer
    module = importlib.import_module("litellm.router_strategy.complexity_router.complexity_router")
    routers = {
        name: module.ComplexityRouter("auto", None, {"classifier_type": kind}) for name, kind in VERSIONS.items()
    }
    print(json.dumps(importlib.metadata.version("litellm")), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        router = routers[asked["router"]]
        if rounds := asked.get("rounds"):
            answer: object = microseconds(lambda text, router=router: decided(router, text), asked["texts"], rounds)  # type: ignore[misc]  # defaults bind
        else:
            answer = judged(router, asked["texts"])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
