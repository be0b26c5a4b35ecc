"""The commands of admins: statistics, strategy, models, people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue import reports
from dialogue.choices import choose_strategy
from handlers import screens
from handlers.menu import take_from_former_admin
from handlers.model_loading import load_named, unload_named
from storage.people import Role

if TYPE_CHECKING:
    from handlers.dispatch import Request
    from handlers.front import Screen

DEFAULT_PERIOD = "24h"
HOW_TO_CHANGE = "`/people allow ID name` lets somebody in, `/people remove ID` shuts them out."
HOW_TO_LOAD = "`/models load NAME` brings a model into memory, `/models unload NAME` takes it out; /models lists them."
LARGEST_ID = 2**52  # Telegram's ids have at most 52 significant bits


async def stats(request: Request) -> str:
    """Show what the bot did in a period."""
    period = request.arguments[0].lower() if request.arguments else DEFAULT_PERIOD
    if period not in reports.PERIODS:
        return f"The period is {' or '.join(reports.PERIODS)}: for example /stats {DEFAULT_PERIOD}."
    report = await request.services.analytics.report(reports.PERIODS[period])
    return reports.stats(report, request.services.registry)


async def strategy(request: Request) -> Screen | str:
    """Choose models by the strategy that is named; without a name, offer them."""
    if request.arguments:
        return reports.plain(await choose_strategy(request.services, " ".join(request.arguments)))
    return screens.strategy_choice(request.services)


async def models(request: Request) -> Screen | str | None:
    """Show how every model stands, with switches; load or unload the one that is named."""
    match request.arguments:
        case ():
            return await screens.model_switches(request.front)
        case (word, *name) if name and word.lower() == "load":
            return await load_named(request, name)
        case (word, *name) if name and word.lower() == "unload":
            return await unload_named(request, name)
    return HOW_TO_LOAD


async def people(request: Request) -> str:
    """List who may talk; let somebody in, or shut somebody out."""
    match request.arguments:
        case ():
            return await _everyone(request)
        case ("allow", given, *name) if user_id := _user_id(given):
            return await _allow(request, user_id, " ".join(name))
        case ("remove", given) if user_id := _user_id(given):
            return await _remove(request, user_id)
    return f"{HOW_TO_CHANGE} The ID is the number that the bot tells those it does not know."


def _user_id(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID))
    return int(text) if is_number and 0 < int(text) < LARGEST_ID else None


async def _everyone(request: Request) -> str:
    listed = await request.services.people.everyone()
    known = {person.user_id for person in listed}
    lines = [f"- {reports.plain(person.name)} `{person.user_id}` {person.role}" for person in listed]
    settings = request.services.settings
    for role, name in ((Role.ADMIN, "admin_user_ids"), (Role.MEMBER, "allowed_user_ids")):
        ids = sorted(getattr(settings, name) - known)
        lines += [f"- `{user_id}` {role}, by {name.upper()}" for user_id in ids]
    return "\n\n".join(("\n".join(lines), HOW_TO_CHANGE))


async def _allow(request: Request, user_id: int, name: str) -> str:
    known = await request.services.people.find(user_id)
    name = name or (known.name if known else str(user_id))
    await request.services.people.allow(user_id, name)
    return f"{reports.plain(name)} may talk to me now."


async def _remove(request: Request, user_id: int) -> str:
    settings, access = request.services.settings, request.front.access
    if await access.admin_ids() == {user_id}:
        return "This is the last admin: nobody could run the bot any more."
    removed = await request.services.people.remove(user_id)
    for name in ("admin_user_ids", "allowed_user_ids"):
        if user_id in getattr(settings, name):
            return (
                f"{user_id} may talk because of {name.upper()} in the settings: take the id out there, and start anew."
            )
    if not removed:
        return f"Nobody with the id {user_id} may talk to me."
    access.forget_refusal(user_id)
    await take_from_former_admin(request.front.bot, user_id)
    return f"{user_id} may not talk to me any more."
