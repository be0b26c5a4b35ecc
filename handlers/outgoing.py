"""An answer's finished parts as parcels of the outbox, and their shipping: now, or after a crash.

    parts = await draft.parts(text, footer)         # formatted, to be sent in this order
    standing = await draft.settled()                # no preview is under way any more; what stands of them
    parcels = parcels_of(answer_id, user_id, draft.target, parts, standing)
    ...commit outbox.posting(parcels)...
    await ship(outbox, front.delivery, parcels)     # returns once each was sent, or refused for good

and for what a life before has left, the parcels of a chat in their order:

    await ship(outbox, front.delivery, parcels, after_crash=True)

What is promised. A part that was written down is sent, whatever happens, and once. Edits that a crash interrupted are
made again, which changes nothing. Just before a new message goes out, the last id known by then is written down with
it: whichever has one when the process died may have been sent, and is looked for as handlers/delivery.py says, among
the first messages after that id. How far the look has come is written down too, for the next crash. A message is sent
twice only where too many stand between the two, or where the disk refused to take the id.
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

# An answer does not wait longer for the disk to say that the last id is on it.
LONGEST_NOTE_SECONDS = 1.0


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

    Waits out floods and outages. When it is cancelled, what is not sent stays in the outbox. `after_crash`: they are
    what another process has left, and of its messages few are known.
    """
    shipping = _Shipping(outbox, delivery_for, after_crash=after_crash)
    for parcel in parcels:
        await shipping.ship(parcel)


class _Shipping:
    """Ships parcels one by one, and remembers which chats have closed or moved."""

    def __init__(self, outbox: Outbox, delivery_for: Callable[[Target], Delivery], *, after_crash: bool) -> None:
        self._outbox = outbox
        self._delivery_for = delivery_for
        self._after_crash = after_crash
        self._deliveries: dict[tuple[int, int | None, int | None], Delivery] = {}
        self._closed: set[int] = set()

    async def ship(self, parcel: Parcel) -> None:
        """Send a parcel and mark it."""
        is_closed = parcel.chat_id in self._closed
        message_id = None if is_closed else await self._sent(parcel)
        if message_id is None:
            self._outbox.refused(parcel)
        else:
            self._outbox.sent(parcel, message_id)

    async def _sent(self, parcel: Parcel) -> int | None:
        """Send a parcel; the id of its message, or None when it is refused."""
        try:
            body = _read(parcel)
        except _Unreadable:
            log.exception("part %d of answer %s is given up", parcel.part, parcel.answer_id)
            return None
        delivery = self._delivery(parcel, body)
        try:
            return await self._deliver(delivery, parcel, body)
        except (Forbidden, BadRequest) as error:
            log.warning("part %d of answer %s was refused: %s", parcel.part, parcel.answer_id, error)
            if isinstance(error, Forbidden) or not await delivery.is_open():
                log.warning("chat %s takes nothing any more", parcel.chat_id)
                self._closed.add(parcel.chat_id)
            return None

    async def _deliver(self, delivery: Delivery, parcel: Parcel, body: _Body) -> int:
        """Send, edit or delete a message; its id, or 0 where none was there."""
        part, message_id = body.part, parcel.message_id
        if body.lost:
            message_id = await self._found(delivery, parcel, body, body.lost)
        if part is None:
            if message_id is not None:
                await delivery.delete(message_id)
            return message_id or 0
        if message_id is not None:
            return await delivery.replace(message_id, part, is_reply=part.index == 0)

        async def about_to(lost: Lost) -> None:
            written = _written(part, lost, body.after_message_id)
            await self._outbox.note(parcel, written, None, timeout_seconds=LONGEST_NOTE_SECONDS)

        return await delivery.send(part, is_reply=part.index == 0, about_to=about_to)

    async def _found(self, delivery: Delivery, parcel: Parcel, body: _Body, lost: Lost) -> int | None:
        """Look for the message that may stand already, writing down how far it has come; its id."""

        async def note(lost: Lost | None, message_id: int | None = None) -> None:
            await self._outbox.note(parcel, _written(body.part, lost, body.after_message_id), message_id)

        message_id = await delivery.find(lost, of_earlier_life=self._after_crash, not_there=note)
        await note(None, message_id)
        return message_id

    def _delivery(self, parcel: Parcel, body: _Body) -> Delivery:
        """What sends the parts of an answer: the same for all of them, as it follows a group that moves."""
        place = parcel.chat_id, parcel.thread_id, parcel.reply_to_message_id
        if place not in self._deliveries:
            self._deliveries[place] = self._delivery_for(
                Target(*place, is_group=parcel.is_group, after_message_id=body.after_message_id)
            )
        return self._deliveries[place]


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
