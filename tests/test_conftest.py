"""The guard of the tests: what would leave this machine fails, what stays on it works."""

from __future__ import annotations

import asyncio
import socket

import pytest


@pytest.mark.parametrize("host", ["1.1.1.1", "telegram.invalid"])
async def test_no_other_machine_is_reached(host: str) -> None:
    """A connection to an address or a name elsewhere fails at once, from the event loop too."""
    with pytest.raises(OSError, match="reach no other machine"):
        await asyncio.wait_for(asyncio.open_connection(host, 80), timeout=10)


def test_loopback_is_reached() -> None:
    """A server of the test's own is reached by address and by name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port), timeout=10) as connection:
                assert connection.getpeername()[1] == port
