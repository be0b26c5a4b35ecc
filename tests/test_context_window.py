"""How much of a model's context its server really serves."""

from __future__ import annotations

from typing import Any

import pytest

from routing.context_window import OLLAMA_WINDOW_TOKENS, served_context_tokens
from tests.answers import a_model


@pytest.mark.parametrize(
    ("facts", "served"),
    [
        ({"backend": "ollama", "context_tokens": 32768}, OLLAMA_WINDOW_TOKENS),
        ({"backend": "ollama", "context_tokens": 4096}, 4096),
        ({"backend": "ollama", "context_tokens": 32768, "options": {"num_ctx": 32768}}, 32768),
        ({"backend": "ollama", "context_tokens": 32768, "options": {"num_ctx": 99999}}, 32768),
        ({"backend": "ollama", "context_tokens": 32768, "options": {"num_ctx": "many"}}, OLLAMA_WINDOW_TOKENS),
        ({"backend": "ollama", "context_tokens": 32768, "options": {"num_ctx": True}}, OLLAMA_WINDOW_TOKENS),
        ({"backend": "lmstudio", "context_tokens": 32768}, 32768),
        ({"backend": "lmstudio", "context_tokens": 32768, "options": {"num_ctx": 4096}}, 4096),
    ],
)
def test_the_window_is_what_was_chosen_and_never_more_than_there_is(facts: dict[str, Any], served: int) -> None:
    """Ollama's is bounded, since it reserves the whole of it in memory."""
    assert served_context_tokens(a_model("x", **facts)) == served
