"""What each button does when it is pressed: a notice for its presser, and what its message becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.dispatch import OldButton

if TYPE_CHECKING:
    from handlers.dispatch import Press
    from handlers.front import Screen


async def stop(press: Press) -> tuple[str, Screen | None]:
    """Stop the answer that carries the button."""
    if not press.front.runs.stop(press.key, press.argument):
        raise OldButton
    return "Stopped.", None
