"""How much memory this machine has for models."""

from __future__ import annotations

import os

# The rest is for the system and for what else runs; macOS gives its GPU about this much by default.
_SHARE_FOR_MODELS = 0.7


def memory_gb() -> float:
    """The machine's memory in GB (2**30 bytes), by the call that Linux and macOS share."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def model_memory_gb() -> float:
    """What a model may take of it."""
    return memory_gb() * _SHARE_FOR_MODELS
