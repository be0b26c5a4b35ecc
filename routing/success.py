"""SuccessModel: how likely a model answers a task well, by its ability in the category against the difficulty."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from routing.logistic import sigmoid
from routing.stored_weights import stored_weights
from routing.types import TaskCategory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from routing.standings import Standing
    from routing.types import ModelMetadata

CATEGORIES = tuple(TaskCategory)
_STORED = "success/"

# Parts of a model's name that do not say which model it is: the maker's prefix, the tuning, the file's format.
_IGNORED = re.compile(
    r"^meta[-_ ]|@.*$|[-_ :](?:instruct|chat|it|hf|latest|greedy|gguf|mlx|preview)(?=[-_ :.]|$)"
    r"|[-_ :](?:i?q\d\w*|fp?\d+|bf16|\d+bit|awq|gptq)(?=[-_ :.]|$)|[-_ :]v0\.\d(?=[-_ :]|$)",
    re.IGNORECASE,
)
_NOT_NAME = re.compile(r"[^a-z0-9]+")


def model_key(name: str) -> str:
    """Reduce a model's name to what the same model is called elsewhere: "gemma2:9b", "google/gemma-2-9b-it"."""
    bare = name.rsplit("/", 1)[-1]
    while (shorter := _IGNORED.sub("", bare)) != bare:
        bare = shorter
    return _NOT_NAME.sub("", bare.lower())


@dataclass(frozen=True, slots=True)
class SuccessModel:
    """Item response theory in its one-parameter form: P(good answer) = sigmoid(ability - difficulty).

    An ability is in logits: 0 is even odds on a task of average difficulty. A model's prior is a line over its quality
    figure, `lines` (intercept and slope by category), and `published` adds what was measured of it by its key.
    """

    lines: NDArray[np.float32]
    published: Mapping[str, NDArray[np.float32]]

    @classmethod
    def load(cls, path: Path) -> SuccessModel:
        """Read what `python -m scripts.train_router` wrote to a file. Raises InvalidConfiguration."""
        with stored_weights(path) as stored:
            return cls.from_arrays({name: stored[_STORED + name] for name in ("lines", "names", "offsets")})

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SuccessModel:
        """Read what `arrays` wrote. Raises KeyError where one is missing."""
        offsets = np.asarray(arrays["offsets"], np.float32)
        return cls(
            np.asarray(arrays["lines"], np.float32),
            dict(zip((str(name) for name in arrays["names"]), offsets, strict=True)),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give the weights by name."""
        names = sorted(self.published)
        offsets = np.array([self.published[name] for name in names], np.float32).reshape(len(names), len(CATEGORIES))
        return {"lines": self.lines, "names": np.array(names, "U"), "offsets": offsets}

    def ability(self, model: ModelMetadata, category: TaskCategory) -> float:
        """Say what to expect of a model before anything was seen of it here."""
        place = CATEGORIES.index(category)
        offsets = self.published.get(model_key(model.backend_name))
        intercept, slope = map(float, self.lines[place])
        measured = float(offsets[place]) if offsets is not None else 0.0
        return intercept + slope * model.quality.of(category) + measured

    def chance(
        self, model: ModelMetadata, category: TaskCategory, difficulty: float, standing: Standing | None = None
    ) -> float:
        """Give the probability of a good answer; `standing` is what was learnt of the model in this category."""
        learnt = standing.offset if standing else 0.0
        return sigmoid(self.ability(model, category) + learnt - difficulty)
