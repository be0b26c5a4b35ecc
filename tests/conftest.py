"""What holds for every test: nothing beyond this machine can be reached."""

from __future__ import annotations

import errno
import socket
import sys

_HERE = {"localhost", "::1", "::", "0.0.0.0", socket.gethostname()}


def _stay_here(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave the machine, as a machine without a network does."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "::1")
    if name not in _HERE and not name.startswith("127."):
        raise OSError(errno.ENETUNREACH, f"tests reach no other machine, and this one asked for {name}")


def pytest_configure() -> None:
    """Watch every connection and every look-up of a name, in all threads, from before the first test on."""
    sys.addaudithook(_stay_here)
