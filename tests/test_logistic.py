"""The logistic function: a half for nothing, and a probability for any logit."""

from __future__ import annotations

import math

import pytest

from routing.logistic import sigmoid


@pytest.mark.parametrize(("logit", "probability"), [(0, 0.5), (math.log(3), 0.75), (-math.log(3), 0.25)])
def test_a_logit_is_the_logarithm_of_the_odds(logit, probability):
    """Three to one is three quarters."""
    assert sigmoid(logit) == pytest.approx(probability)


@pytest.mark.parametrize("logit", [1e9, -1e9, math.inf, -math.inf])
def test_no_logit_is_too_large(logit):
    """Nothing overflows, and it stays a probability."""
    assert 0 <= sigmoid(logit) <= 1
    assert (sigmoid(logit) > 0.99) == (logit > 0)
