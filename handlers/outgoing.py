"""An answer's finished parts as parcels of the outbox, and their shipping: now, or after a crash.

    parts = await draft.parts(text, footer)         # formatted, to be sent in this order
    standing = await draft.settled()                # no preview is under way any more; what stands of them
    parcels = parcels_of(answer_id, user_id, draft.target, parts, standing)
    ...commit outbox.posting(parcels)...
    await ship(outbox, front.delivery, parcels)     # returns once each was sent, or refused for good

and for what a life before has left: `await ship(outbox, front.delivery, parcels, after_crash=True)`, with the unsent
parcels of a chat in their order.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from telegram.error import BadRequest, Forbidden

from handlers.delivery import Target
from handlers.lost import Lost
from handlers.parts import Part
from storage.outbox import Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlers.delivery import Delivery
    from storage.outbox import Outbox

log = logging.getLogger(__name__)


def parcels_of(
    answer_id: str, user_id: int, target: Target, parts: Sequence[Part], standing: Sequence[int | Lost]
) -> list[Parcel]:
    """Make parcels of an answer: each part takes the place of the preview with its index, what is left over goes."""
    parcels = []
    for index in range(max(len(parts), len(standing))):
        part = parts[index] if index < len(parts) else None
        place = standing[index] if index < len(standing) else None
        lost = place if isinstance(place, Lost) else None
        parcels.append(
            Parcel(
                answer_id=answer_id,
                part=index,
                user_id=user_id,
                chat_id=target.chat_id,
                thread_id=target.thread_id,
                reply_to_message_id=target.reply_to_message_id,
                is_group=target.is_group,
                body=_written(part, lost),
                message_id=place if isinstance(place, int) else None,
            )
        )
    return parcels


async def ship(
    outbox: Outbox,
    delivery_for: Callable[[Target], Delivery],
    parcels: Sequence[Parcel],
    *,
    after_crash: bool = False,
) -> None:
    """Send parcels in their order, and mark each as soon as it is sent; those that the chat refuses as refused.

    Waits out floods and outages. When it is cancelled, what is not sent stays in the outbox. `after_crash`: nobody
    knows whether the first parcel of an answer was on its way, so it is looked for before it is sent.
    """
    raise NotImplementedError


def _written(part: Part | None, lost: Lost | None) -> str:
    """The body of a parcel; empty where there is nothing to say."""
    body = {"part": part and part.as_json(), "lost": lost and lost.as_json()}
    return json.dumps(body) if part or lost else ""
