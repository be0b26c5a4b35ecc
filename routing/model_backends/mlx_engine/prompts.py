"""Turns a conversation into tokens by the model's own chat template, cut where messages end so that prefixes recur."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING, Any

import jinja2
from transformers.utils.chat_template_utils import mark_control_tokens, render_jinja_template

from routing.model_backends.mlx_engine.template_guard import TemplateNeverEnds, bounded
from routing.model_backends.mlx_protocol import WorkerFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlx_lm.tokenizer_utils import TokenizerWrapper

    from routing.model_backends.mlx_engine.loading import LoadedModel

    Chat = list[dict[str, str]]

# Boundaries are looked for after so many of the first messages (what chats have in common) and of the last ones (where
# the next turn goes on): each costs the rendering of all that comes before it.
_FIRST_MESSAGES, _LAST_MESSAGES = 2, 6
# A template writes some words around each message, and rarely long instructions of its own.
_MOST_ADDED_CHARACTERS, _MOST_GROWTH = 1_000_000, 4
# What rendering a stranger's template can raise; a class that is not here is a bug, and passes through.
_TEMPLATE_FAILS = (
    *(jinja2.TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RuntimeError, TypeError, ValueError),
)


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """A prompt in tokens.

    The segments' concatenation is the prompt. Each ends where a message ends, the last one with the words that make the
    model answer. `opens_with_reasoning`: those words begin the model's reasoning, so that its answer starts inside it.
    """

    segments: list[list[int]]
    opens_with_reasoning: bool


def tokenize_conversation(
    loaded: LoadedModel, messages: Sequence[tuple[str, str]], *, think: bool | None
) -> PromptTokens:
    """Apply the chat template to pairs of role and text; `think` None leaves it to the template.

    What looks like a control token in a text ("<|im_end|>") is read as plain letters, so nobody can forge a turn.
    Raises WorkerFailure where the template fails, does not end, or writes without end.
    """
    controls = _control_tokens(loaded.tokenizer)
    chat = [{"role": role, "content": text} for role, text in messages]
    marked: Chat = mark_control_tokens(chat, controls)
    try:
        return _tokenize(loaded, marked, think=think)
    except _NotPlain:
        bare = [{**message, "content": controls.sub("", message["content"])} for message in chat]
        return _tokenize(loaded, bare, think=think)


def _tokenize(loaded: LoadedModel, chat: Chat, *, think: bool | None) -> PromptTokens:
    template = _Template(loaded.tokenizer, think)
    try:
        with bounded():
            rendered = _render(template, chat)
    except (TemplateNeverEnds, MemoryError, *_TEMPLATE_FAILS) as error:
        sentence = f"The chat template of {loaded.name} cannot make a prompt of this conversation: take another model."
        raise WorkerFailure("BadReply", sentence) from _TemplateFails(error)
    return PromptTokens(
        _segments(loaded.tokenizer, rendered), _opens_with_reasoning(loaded.tokenizer, rendered.generation_prompt)
    )


class _TemplateFails(Exception):
    """A template's error without its words, which may be the conversation's and go into the log."""

    def __init__(self, error: BaseException) -> None:
        innermost = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(f"{type(error).__name__} in line {innermost.lineno} of {innermost.name}")


# --- text -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A prompt's text, where in it messages end, and what of it makes the model answer."""

    text: str
    ends: list[int]
    generation_prompt: str


class _Template:
    """A chat template, as transformers renders it in its sandbox, or mlx-lm for models whose template is a program."""

    def __init__(self, tokenizer: TokenizerWrapper, think: bool | None) -> None:  # noqa: FBT001 - passed on as it is
        self._tokenizer = tokenizer
        self._think = think
        self._is_program = tokenizer.chat_template is None or "chat_template_type" in tokenizer.init_kwargs

    def render(self, chat: Chat, *, answer: bool = False) -> str:
        """Write a conversation out; `answer`: with the words that make the model answer it."""
        if self._is_program:
            switch = {} if self._think is None else {"enable_thinking": self._think}
            program: Any = self._tokenizer.apply_chat_template
            return str(program(chat, tokenize=False, add_generation_prompt=answer, **switch))
        # Templates call the switch by one of these names, and leave it to the model where it is not there at all.
        switch = {} if self._think is None else dict.fromkeys(("enable_thinking", "thinking"), self._think)
        texts: Any = render_jinja_template(
            conversations=[chat],
            chat_template=self._tokenizer.get_chat_template(),
            add_generation_prompt=answer,
            **{**self._tokenizer.special_tokens_map, **switch},
        )
        return str(texts[0][0])


def _render(template: _Template, chat: Chat) -> _Rendered:
    *others, last = _fitting(chat)
    for version in others:
        try:
            return _rendered(template, version)
        except _TEMPLATE_FAILS:
            continue
    return _rendered(template, last)


def _fitting(chat: Chat) -> Iterator[Chat]:
    """Give the conversation in the forms that templates take: as it is; without a system role; in strict turns."""
    yield chat
    folded = _without_system(chat)
    yield folded
    yield _in_turns(folded)


def _rendered(template: _Template, chat: Chat) -> _Rendered:
    text = template.render(chat, answer=True)
    written = sum(len(message["content"]) for message in chat)
    if len(text) > _MOST_GROWTH * written + _MOST_ADDED_CHARACTERS:
        raise TemplateNeverEnds
    system = chat[0]["content"].strip() if chat and chat[0]["role"] == "system" else ""
    if system not in text:
        raise ValueError("the template leaves the system's message out")
    whole = template.render(chat)
    ends = [len(before) for before in _beginnings(template, chat) if text.startswith(before)]
    if not text.startswith(whole):
        return _Rendered(text, ends, text[len(commonprefix([text, whole])) :])  # noqa: RUF071 - of texts, not paths
    return _Rendered(text, [*ends, len(whole)], text[len(whole) :])


def _beginnings(template: _Template, chat: Chat) -> Iterator[str]:
    """The text of the conversation up to each message where a cut is of use; some templates take no such part of it."""
    for end in range(1, len(chat)):
        if end > _FIRST_MESSAGES and end < len(chat) - _LAST_MESSAGES:
            continue
        try:
            yield template.render(chat[:end])
        except _TEMPLATE_FAILS:
            continue


def _without_system(chat: Chat) -> Chat:
    """Put the system's words before the first user's, for templates that know no system role."""
    system = [message["content"] for message in chat if message["role"] == "system"]
    rest = [dict(message) for message in chat if message["role"] != "system"]
    first = next((message for message in rest if message["role"] == "user"), None)
    if not first:
        return [{"role": "user", "content": "\n\n".join(system)}, *rest]
    first["content"] = "\n\n".join([*system, first["content"]])
    return rest


def _in_turns(chat: Chat) -> Chat:
    """Join what one side says in a row and begin with the user, for templates that want strict turns."""
    turns: Chat = []
    for message in chat:
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += "\n\n" + message["content"]
        elif turns or message["role"] == "user":
            turns.append(dict(message))
    return turns


# --- tokens -----------------------------------------------------------------------------------------------------------


class _NotPlain(Exception):
    """A control token in a message that this tokenizer cannot read as plain letters."""


def _control_tokens(tokenizer: TokenizerWrapper) -> re.Pattern[str]:
    """What stands for one token of its own and is no white space; the longest goes first."""
    controls = sorted((token for token in tokenizer.added_tokens_encoder if token.strip()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, controls)) or "(?!)")


def _encode(tokenizer: TokenizerWrapper, text: str) -> list[int]:
    try:
        tokens = tokenizer.encode(text, add_special_tokens=False, sanitize_control_tokens=True)
    except ValueError as error:
        raise _NotPlain from error
    return [int(token) for token in tokens]


def _segments(tokenizer: TokenizerWrapper, rendered: _Rendered) -> list[list[int]]:
    """Cut the prompt's tokens where its messages end, unless a token reaches over that place."""
    tokens = _encode(tokenizer, rendered.text)
    segments: list[list[int]] = []
    begin = cut = 0
    for end in sorted(set(rendered.ends)):
        piece = _encode(tokenizer, rendered.text[begin:end])
        if piece and len(tokens) > cut + len(piece) and tokens[cut : cut + len(piece)] == piece:
            segments.append(piece)
            begin, cut = end, cut + len(piece)
    return [*segments, tokens[cut:]]


def _opens_with_reasoning(tokenizer: TokenizerWrapper, generation_prompt: str) -> bool:
    """Whether the reasoning that the template begins is still open; what the messages say does not count."""
    start, end = tokenizer.think_start or "<think>", tokenizer.think_end or "</think>"
    return generation_prompt.rfind(start) > generation_prompt.rfind(end)
