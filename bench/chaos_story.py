"""The story of each message of the chaos bench that was not answered exactly once, for whoever mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.chaos_count import Fate
from bench.chaos_words import TOKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.chaos_count import Kill, Verdict
    from bench.chaos_stage import Stage
    from tests.telegram_server import Call
    from tests.telegram_world import Chat

    Moments = list[tuple[float, str]]


def explain(
    found: Sequence[Sequence[Verdict]], disordered: Sequence[Verdict], kills: Sequence[Kill], stage: Stage
) -> None:
    """Print what happened to each of these, in seconds since it was sent."""
    wrong = [verdict for chat in found for verdict in chat if verdict.fate is not Fate.ONCE]
    for verdict in [*wrong, *disordered]:
        title = verdict.fate.value if verdict in wrong else "out of order"
        print(f"\n{title}: message {verdict.asked.message_id}, {verdict.asked.wanted}")
        for at, what in sorted(_life(verdict, kills, stage)):
            print(f"  {at - verdict.asked.at:8.3f} {what}")


def _life(verdict: Verdict, kills: Sequence[Kill], stage: Stage) -> Moments:
    asked, token = verdict.asked, verdict.asked.wanted.token
    calls = [call for call in stage.telegram.calls if call.given.get("chat_id") == asked.chat_id]
    happened = [
        *((call.at, _call(call)) for call in calls if token in TOKEN.findall(_text(call))),
        *((at, "the model is asked") for at in stage.echo.asked_at.get(token, [])),
        *_standing(stage.telegram.chat(asked.chat_id), token),
    ]
    end = max((at for at, _ in happened), default=asked.at) + 1.0
    deaths = [(kill.at, f"KILL {kill.moment}{', stored' * (token in kill.stored)}") for kill in kills]
    return happened + [death for death in deaths if asked.at - 1.0 < death[0] < end]


def _standing(chat: Chat, token: str) -> Moments:
    with_token = (message for message in chat.sent if token in TOKEN.findall(message.text))
    return [
        (message.changed_at, f"message {message.message_id} stands: {_short(message.text)} {message.buttons or ''}")
        for message in with_token
    ]


def _call(call: Call) -> str:
    message_id = call.given.get("message_id", "")
    return f"{call.method} {message_id} {call.status} in {call.seconds:.3f} s: {_short(_text(call))}"


def _text(call: Call) -> str:
    return str(call.given.get("text", ""))


def _short(text: str) -> str:
    return f"{text[:25]!r} ... {text[-40:]!r}, {len(text)} characters"
