"""Takes out of a text whatever a terminal would obey instead of showing."""

from __future__ import annotations

import re

# C0 and C1 but for tab and line feed, the separators that some terminals take for line feeds, lone surrogates.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(text: str) -> str:
    """Drop control characters, so that a model can neither move the cursor nor set the title.

    Each character is judged alone: a text may be cut anywhere, and its pieces be cleaned one by one.
    """
    return _OBEYED.sub("", text)
