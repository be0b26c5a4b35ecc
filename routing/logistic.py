"""The logistic function: logits as probabilities."""

from __future__ import annotations

import math

# Beyond it the exponential is of no account, and far beyond it overflows.
_LARGEST = 30.0


def sigmoid(logit: float) -> float:
    """Turn a logit into a probability, also where it is very large."""
    if not -_LARGEST < logit < _LARGEST:
        logit = math.copysign(_LARGEST, logit)
    return 1.0 / (1.0 + math.exp(-logit))
