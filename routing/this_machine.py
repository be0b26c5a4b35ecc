"""Whether an endpoint is on this machine, so that what is sent there goes over no network."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from routing.types import Endpoint


def is_on_this_machine(endpoint: Endpoint) -> bool:
    """Tell an endpoint in this process or at a loopback address from all others; a name that must be asked is none."""
    return not endpoint.url or _is_loopback(endpoint.url)


@lru_cache(maxsize=256)
def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
