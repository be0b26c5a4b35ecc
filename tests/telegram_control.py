"""HTTP endpoints with which another process puts words into people's mouths and reads what the bot said.

POST /control/say {user_id, name?, text, chat_id?, thread_id?}
POST /control/press {user_id, chat_id, message_id, label}
POST /control/flood {times, retry_after, chat_id?} · POST /control/limits {on} · POST /control/clear
GET /control/messages?chat_id=N · GET /control/calls?method=M&since=N · GET /control/state
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.telegram_faults import Limits

if TYPE_CHECKING:
    from tests.telegram_server import TelegramServer
    from tests.telegram_world import Chat, Json, Message


def add_control(app: web.Application, server: TelegramServer) -> None:
    """Add the endpoints to the double's application."""
    control = _Control(server)
    app.router.add_post("/control/say", control.say)
    app.router.add_post("/control/press", control.press)
    app.router.add_post("/control/flood", control.flood)
    app.router.add_post("/control/limits", control.limits)
    app.router.add_post("/control/clear", control.clear)
    app.router.add_get("/control/messages", control.messages)
    app.router.add_get("/control/calls", control.calls)
    app.router.add_get("/control/state", control.state)


class _Control:
    def __init__(self, server: TelegramServer) -> None:
        self._server = server

    async def say(self, request: web.Request) -> web.Response:
        given = await request.json()
        person = self._server.user(given["user_id"], given.get("name", ""))
        message = await person.say(given["text"], self._chat(given), thread_id=given.get("thread_id"))
        return web.json_response({"message_id": message.message_id})

    async def press(self, request: web.Request) -> web.Response:
        given = await request.json()
        message = self._server.chat(given["chat_id"]).messages[given["message_id"]]
        query_id = await self._server.user(given["user_id"]).press(message, given["label"])
        return web.json_response({"callback_query_id": query_id})

    async def flood(self, request: web.Request) -> web.Response:
        given = await request.json()
        self._server.faults.flood(given["times"], given["retry_after"], chat_id=given.get("chat_id"))
        return web.json_response({})

    async def limits(self, request: web.Request) -> web.Response:
        self._server.faults.limits = Limits() if (await request.json())["on"] else None
        return web.json_response({})

    async def clear(self, request: web.Request) -> web.Response:
        self._server.faults.clear()
        self._server.calls.clear()
        for chat in self._server.world.chats.values():
            chat.messages.clear()
        return web.json_response({})

    async def messages(self, request: web.Request) -> web.Response:
        chat = self._server.world.chats.get(int(request.query["chat_id"]))
        return web.json_response([_described(message) for message in chat.messages.values()] if chat else [])

    async def calls(self, request: web.Request) -> web.Response:
        method, since = request.query.get("method"), int(request.query.get("since", 0))
        found = [call for call in self._server.calls[since:] if method in (None, call.method)]
        names = ("method", "given", "status", "description", "at", "seconds")
        return web.json_response([{name: getattr(call, name) for name in names} for call in found])

    async def state(self, request: web.Request) -> web.Response:
        world = self._server.world
        commands = {" ".join(key).strip(): value for key, value in world.commands.items()}
        return web.json_response(
            {
                "polls": self._server.polls,
                "calls": len(self._server.calls),
                "waiting_updates": len(world.updates),
                "commands": commands,
            }
        )

    def _chat(self, given: Json) -> Chat | None:
        chat_id = given.get("chat_id")
        if chat_id is None or chat_id == given["user_id"]:
            return None
        return self._server.group(chat_id)


def _described(message: Message) -> Json:
    return {
        "message_id": message.message_id,
        "from_bot": message.from_bot,
        "text": message.text,
        "texts": message.texts,
        "entities": message.entities,
        "buttons": message.buttons,
        "growing": message.growing,
        "deleted": message.deleted,
        "thread_id": message.thread_id,
        "reply_to": message.reply_to.message_id if message.reply_to else None,
        "sent_at": message.sent_at,
        "changed_at": message.changed_at,
    }
