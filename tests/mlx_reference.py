"""What mlx-lm's own stream_generate answers, one prompt at a time and greedily: the measure for everything faster.

It runs as a process of its own, for the tests' process never imports MLX.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Messages = list[tuple[str, str]]


def reference(folder: Path, conversations: Sequence[Messages], max_tokens: int) -> list[str]:
    """Answer each conversation with the model in the folder."""
    asked = json.dumps({"folder": str(folder), "conversations": list(conversations), "max_tokens": max_tokens})
    command = [sys.executable, "-m", "tests.mlx_reference"]
    root = Path(__file__).resolve().parent.parent
    ran = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=root, timeout=120, check=True)
    answers: list[str] = json.loads(ran.stdout)
    return answers


def main() -> None:
    """Read what is asked from standard input, and write the answers."""
    from mlx_lm import load, stream_generate  # noqa: PLC0415  # in a process of its own alone
    from mlx_lm.sample_utils import make_sampler  # noqa: PLC0415

    asked = json.load(sys.stdin)
    model, tokenizer, *_ = load(asked["folder"])
    answers = []
    for conversation in asked["conversations"]:
        chat = [{"role": role, "content": text} for role, text in conversation]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True)
        greedy = make_sampler(temp=0.0)
        replies = stream_generate(model, tokenizer, prompt, max_tokens=asked["max_tokens"], sampler=greedy)
        answers.append("".join(reply.text for reply in replies))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
