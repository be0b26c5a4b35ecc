"""The child of bench.mlx that runs mlx_lm.stream_generate by itself: a JSON line in, one out for each piece of text."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import mlx.core as mx
from mlx_lm import load, stream_generate

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> None:
    """Load the model named on the command line, say so, and answer until the input ends."""
    output = sys.stdout
    sys.stdout = sys.stderr  # whatever else is printed
    model, tokenizer, *_ = load(sys.argv[1])
    print(json.dumps({"device": _device()}), file=output, flush=True)
    for line in sys.stdin:
        for said in _answer(model, tokenizer, json.loads(line)):
            print(json.dumps(said), file=output, flush=True)


def _answer(model: Any, tokenizer: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give each piece of text, then the figures of the whole."""
    messages = [{"role": role, "content": text} for role, text in request["messages"]]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    last = None
    for last in stream_generate(model, tokenizer, prompt, max_tokens=request["max_tokens"]):
        if last.text:
            yield {"text": last.text}
    yield {
        "tokens": last.generation_tokens if last else 0,
        "prompt_tokens": last.prompt_tokens if last else 0,
        "peak_bytes": mx.get_peak_memory(),
    }


def _device() -> dict[str, Any]:
    """What MLX says of its device, and what is of use in a table."""
    info = {name: value for name, value in mx.device_info().items() if isinstance(value, str | int)}
    return {"default": str(mx.default_device()), **info}


if __name__ == "__main__":
    main()
