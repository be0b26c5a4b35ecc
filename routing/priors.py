"""What to expect of a model nobody has rated: quality, speed, memory and cost from its size, family and quantization.

Every figure is fitted to the shipped catalog (catalog.toml), so that a discovered model stands on the same scale as
the catalogued ones, save those whose source is named beside them. They are priors: what is measured replaces them.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from routing.types import ModelCapability, ModelMetadata, Quality, SpeedClass

if TYPE_CHECKING:
    from routing.types import ModelOffer

DEFAULT_BILLIONS = 7.0
DEFAULT_CONTEXT_TOKENS = 4096
DEFAULT_BITS = 4.85  # Q4_K_M, by the sizes of llama.cpp's own files

# Billions of parameters -> general, code, reasoning, cost: the catalog's Qwen2.5 and SmallThinker rows. The row at 72
# continues their slope.
_BY_SIZE = (
    (0.27, 0.50, 0.30, 0.30, 0.1),
    (7.0, 0.75, 0.70, 0.70, 0.3),
    (14.0, 0.82, 0.80, 0.78, 0.5),
    (32.0, 0.90, 0.88, 0.85, 0.8),
    (72.0, 0.95, 0.93, 0.91, 1.0),
)
# What a family does better or worse than a general model of its size: general, code, reasoning. The first two rows
# are DeepSeek Coder and LLaVA 1.5 in the catalog against Qwen2.5 7B; the others are judgement.
_FAMILIES = (
    (re.compile(r"coder|codellama|starcoder|codestral|codegemma|devstral", re.IGNORECASE), (-0.10, 0.15, -0.10)),
    (re.compile(r"llava|bakllava|moondream", re.IGNORECASE), (-0.10, -0.30, -0.20)),
    (re.compile(r"deepseek-r1|qwq|magistral|reason|think(?!er)", re.IGNORECASE), (0.0, 0.0, 0.08)),
    (re.compile(r"math", re.IGNORECASE), (-0.10, -0.10, 0.08)),
)
# Bits a weight -> what is lost against 4 bits and more. Perplexity of a 7B model over F16 is +0.87 at Q2_K, +0.24 at
# Q3_K_M and +0.05 at Q4_K_M (llama.cpp pull request 1684, the k-quants): below 4 bits it shows.
_QUANTIZATION_LOSS = ((3.0, 0.08), (4.0, 0.03))
_QUANTIZATION_BITS = re.compile(
    r"(?<![0-9a-z])(?:i?q|int|mxfp|nvfp|fp|b?float|bf|f)?(\d{1,2})(?:[-_ ]?bit|_|(?![0-9a-z.]))", re.IGNORECASE
)
_TOTAL_BILLIONS = re.compile(r"(?<![0-9a-z.])(?:(\d+)x|e)?(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)
_ACTIVE_BILLIONS = re.compile(r"(?<![0-9a-z])a(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)

# tokens/s = 407 * billions^-0.805 through the catalog's 7B (85), 14B (45) and 32B (25) under Ollama; never above what
# the catalog gives its smallest model. MLX runs the same models 1.3 times as fast there, LM Studio 0.47 times.
_SPEED_AT_1B, _SPEED_EXPONENT, _SPEED_CAP = 407.0, -0.805, 150.0
_SPEED_OF_BACKEND = {"mlx": 1.3, "lmstudio": 0.47}
# tokens/s from which a class begins, read off the catalog.
_SPEED_CLASSES = (
    (120.0, SpeedClass.ULTRA_FAST),
    (65.0, SpeedClass.FAST),
    (36.0, SpeedClass.MEDIUM),
    (15.0, SpeedClass.SLOW),
)


def billions_of(*texts: str | None) -> float | None:
    """Read a parameter count such as "7.6B", "270M" or "8x7B" out of the first text that has one."""
    for text in texts:
        if match := _TOTAL_BILLIONS.search((text or "").replace("_", "-")):
            experts, number, unit = match.groups()
            total = float(number) * int(experts or 1)
            return total if unit in "bB" else total / 1000
    return None


def bits_of(quantization: str | None) -> float:
    """Read the bits a weight takes out of a quantization's name: "Q4_K_M" -> 4.85, "4bit" -> 4.5, "F16" -> 16."""
    match = _QUANTIZATION_BITS.search(quantization or "")
    if not match or not 1 <= int(match[1]) <= 32:
        return DEFAULT_BITS
    bits = int(match[1])
    return {4: DEFAULT_BITS if "k" in (quantization or "").lower() else 4.5}.get(bits, bits + (0.5 if bits < 16 else 0))


def expected_quality(billions: float, family: str = "", quantization: str | None = None) -> Quality:
    """Interpolate between the catalog's rows over the logarithm of the size, then adjust for family and bits."""
    figures = _between_sizes(billions)[:3]
    for pattern, change in _FAMILIES:
        if pattern.search(family):
            figures = [figure + delta for figure, delta in zip(figures, change, strict=True)]
            break
    bits = bits_of(quantization)
    loss = next((loss for limit, loss in _QUANTIZATION_LOSS if bits < limit), 0.0)
    return Quality(*(round(min(0.97, max(0.05, figure - loss)), 3) for figure in figures))


def expected_cost(billions: float) -> float:
    """Interpolate the catalog's cost, 0-1."""
    return round(_between_sizes(billions)[3], 3)


def expected_speed(active_billions: float, backend: str = "", quantization: str | None = None) -> float:
    """Estimate the decode speed in tokens/s on an M4 Pro: it falls with the bytes that are read for each token."""
    decode: float = _SPEED_AT_1B * max(active_billions, 0.05) ** _SPEED_EXPONENT * DEFAULT_BITS / bits_of(quantization)
    return round(min(_SPEED_CAP, decode) * _SPEED_OF_BACKEND.get(backend, 1.0), 1)


def speed_class_of(tokens_per_second: float) -> SpeedClass:
    """Sort a decode speed into the classes as the catalog does."""
    return next((speed for limit, speed in _SPEED_CLASSES if tokens_per_second >= limit), SpeedClass.VERY_SLOW)


def expected_ram_gb(billions: float, quantization: str | None = None, size_bytes: int | None = None) -> float:
    """Weights times 1.2 plus 1 GB for cache and buffers: 6.1, 11.2 and 24.3 for the catalog's 6, 12 and 24."""
    weights_gb = size_bytes / 1e9 if size_bytes else billions * bits_of(quantization) / 8
    return round(weights_gb * 1.2 + 1, 1)


def model_from_offer(offer: ModelOffer, model_id: str) -> ModelMetadata:
    """Describe a model that no catalog knows from what its server says of it, and from priors for the rest."""
    family = f"{offer.backend_name} {offer.family or ''}"
    billions = billions_of(offer.parameters, offer.backend_name) or _billions_from_bytes(offer)
    active = _ACTIVE_BILLIONS.search(offer.backend_name)
    quality = expected_quality(billions, family, offer.quantization)
    speed = expected_speed(float(active[1]) if active else billions, offer.endpoint.backend, offer.quantization)
    return ModelMetadata(
        model_id=model_id,
        backend=offer.endpoint.backend,
        backend_name=offer.backend_name,
        display_name=offer.display_name or offer.backend_name.rsplit("/", 1)[-1],
        size=offer.parameters or f"{billions:.3g}B",
        quantization=offer.quantization or "",
        capabilities=offer.capabilities | _expected_capabilities(quality, speed, offer),
        speed_class=speed_class_of(speed),
        context_tokens=offer.context_tokens or DEFAULT_CONTEXT_TOKENS,
        tokens_per_second=speed,
        ram_gb=expected_ram_gb(billions, offer.quantization, offer.size_bytes),
        quality=quality,
        cost=expected_cost(billions),
        thinking=offer.thinking,
        discovered=True,
    )


def _expected_capabilities(quality: Quality, speed: float, offer: ModelOffer) -> set[ModelCapability]:
    """Grant what the catalog grants models of that quality: code from 0.7, reasoning from 0.78."""
    granted = {
        ModelCapability.GENERAL: True,
        ModelCapability.CODE: quality.code >= 0.7,
        ModelCapability.REASONING: offer.thinking or quality.reasoning >= 0.78,
        ModelCapability.MATH: offer.thinking or "math" in offer.backend_name.lower(),
        ModelCapability.SPEED: speed_class_of(speed) is SpeedClass.ULTRA_FAST,
    }
    return {capability for capability, given in granted.items() if given}


def _billions_from_bytes(offer: ModelOffer) -> float:
    if offer.size_bytes:
        return offer.size_bytes * 8 / bits_of(offer.quantization) / 1e9
    return DEFAULT_BILLIONS


def _between_sizes(billions: float) -> list[float]:
    """Interpolate every figure of _BY_SIZE linearly in log(billions); the ends hold beyond them."""
    billions = min(max(billions, _BY_SIZE[0][0]), _BY_SIZE[-1][0])
    low, high = next((low, high) for low, high in pairwise(_BY_SIZE) if billions <= high[0])
    share = math.log(billions / low[0]) / math.log(high[0] / low[0])
    return [a + share * (b - a) for a, b in zip(low[1:], high[1:], strict=True)]
