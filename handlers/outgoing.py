"""An answer's finished parts as parcels of the outbox, and their shipping: now, or after a crash.

    parts = await draft.parts(text, footer)         # formatted, to be sent in this order
    standing = await draft.settled()                # no preview is under way any more; what stands of them
    parcels = parcels_of(answer_id, user_id, draft.target, parts, standing)
    ...commit outbox.posting(parcels)...
    await ship(outbox, front.delivery, parcels)     # returns once each was sent, or refused for good

and for what a life before has left, the parcels of a chat in their order:

    await ship(outbox, front.delivery, parcels, after_crash=True)

What is promised. A part that was written down is sent, whatever happens, and once. Edits that a crash interrupted are
made again, which changes nothing. Of new messages, the first that is not marked as sent may have been sent when the
process died: it is looked for as handlers/delivery.py says, among the first messages after the last one that was known
when the answer was written down. It is sent twice only where too many stand between the two.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

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


class _Unreadable(Exception):
    """Raised for a body that this version of the program did not write."""


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
                body=_written(part, lost, target.after_message_id),
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
    knows whether the first parcel of each answer was on its way, so it is looked for before it is sent.
    """
    shipping = _Shipping(outbox, delivery_for)
    begun: set[str] = set()
    for parcel in parcels:
        await shipping.ship(parcel, may_stand=after_crash and parcel.answer_id not in begun)
        begun.add(parcel.answer_id)


class _Shipping:
    """Ships parcels one by one, and remembers which chats have closed or moved."""

    def __init__(self, outbox: Outbox, delivery_for: Callable[[Target], Delivery]) -> None:
        self._outbox = outbox
        self._delivery_for = delivery_for
        self._deliveries: dict[tuple[int, int | None, int | None], Delivery] = {}
        self._closed: set[int] = set()

    async def ship(self, parcel: Parcel, *, may_stand: bool) -> None:
        """Send a parcel and mark it; `may_stand`: it may have been sent before."""
        is_closed = parcel.chat_id in self._closed
        message_id = None if is_closed else await self._sent(parcel, may_stand=may_stand)
        if message_id is None:
            self._outbox.refused(parcel)
        else:
            self._outbox.sent(parcel, message_id)

    async def _sent(self, parcel: Parcel, *, may_stand: bool) -> int | None:
        """Send a parcel; the id of its message, or None when it is refused."""
        try:
            body = _read(parcel)
        except _Unreadable:
            log.exception("part %d of answer %s is given up", parcel.part, parcel.answer_id)
            return None
        delivery = self._delivery(parcel, body)
        try:
            return await _deliver(delivery, parcel, body, may_stand=may_stand)
        except (Forbidden, BadRequest) as error:
            log.warning("part %d of answer %s was refused: %s", parcel.part, parcel.answer_id, error)
            if isinstance(error, Forbidden) or not await delivery.is_open():
                log.warning("chat %s takes nothing any more", parcel.chat_id)
                self._closed.add(parcel.chat_id)
            return None

    def _delivery(self, parcel: Parcel, body: _Body) -> Delivery:
        """What sends the parts of an answer: the same for all of them, as it follows a group that moves."""
        place = parcel.chat_id, parcel.thread_id, parcel.reply_to_message_id
        if place not in self._deliveries:
            self._deliveries[place] = self._delivery_for(
                Target(*place, is_group=parcel.is_group, after_message_id=body.after_message_id)
            )
        return self._deliveries[place]


async def _deliver(delivery: Delivery, parcel: Parcel, body: _Body, *, may_stand: bool) -> int:
    """Send, edit or delete a message; its id, or 0 where none was there."""
    part, lost, message_id = body.part, body.lost, parcel.message_id
    if may_stand and part and message_id is None and not lost:
        lost = Lost(body.after_message_id, part.text)
    if lost:
        message_id = await delivery.find(lost, of_earlier_life=may_stand)
    if part is None:
        if message_id is not None:
            await delivery.delete(message_id)
        return message_id or 0
    if message_id is None:
        return await delivery.send(part, is_reply=part.index == 0)
    return await delivery.replace(message_id, part, is_reply=part.index == 0)


class _Body(NamedTuple):
    """What a parcel's body says: the part to be sent, what may stand in its place, and the last id before it."""

    part: Part | None = None
    lost: Lost | None = None
    after_message_id: int = 0


def _written(part: Part | None, lost: Lost | None, after_message_id: int) -> str:
    """The body of a parcel; empty where a message that stands is only to be deleted."""
    if part is None and lost is None:
        return ""
    body = {"part": part and part.as_json(), "lost": lost and lost.as_json(), "after_message_id": after_message_id}
    return json.dumps(body)


def _read(parcel: Parcel) -> _Body:
    """What `_written` wrote."""
    if not parcel.body:
        return _Body()
    try:
        body = json.loads(parcel.body)
        part, lost = body["part"], body["lost"]
        return _Body(
            None if part is None else Part.from_json(part),
            None if lost is None else Lost.from_json(lost),
            body["after_message_id"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _Unreadable from error
