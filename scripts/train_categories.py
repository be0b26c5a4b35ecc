"""Fits the heads for category, needs, follow-ups, level and answer length, and measures them on held-out topics."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, Ridge

from routing.complexity import LEVELS
from routing.task_heads import CATEGORIES, MARKS_WEIGHT, NEEDS, TaskHeads, known_words, row_values
from routing.text_features import MARKS, ROWS, read_features
from scripts.training_messages import FOLDS, HELD_OUT_FOLD, misspelt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from routing.text_features import TextFeatures
    from scripts.training_messages import Labelled

    Floats = NDArray[np.float32]

SEED = 5
_CATEGORY_PENALTY, _NEED_PENALTY, _LEVEL_PENALTY, _TOKEN_PENALTY = 1.0, 1.0, 12.0, 12.0
_ITERATIONS, _TOLERANCE = 300, 1e-3
_RAREST = 0.5

# What the level head is taught: the middle of each level's range.
_LEVEL_FIGURES = {"trivial": 0.02, "simple": 0.14, "moderate": 0.29, "complex": 0.46, "very_complex": 0.66}
LEVEL_NAMES = tuple(_LEVEL_FIGURES)


@dataclass(frozen=True, slots=True)
class Texts:
    """Messages, and the features of each as it is read together with the one before it."""

    messages: Sequence[Labelled]
    read: Sequence[TextFeatures]

    @classmethod
    def of(cls, messages: Sequence[Labelled], text: Callable[[Labelled], str]) -> Texts:
        """Read them."""
        return cls(messages, [read_features(text(message)) for message in messages])

    def where(self, chosen: Callable[[Labelled], bool]) -> Texts:
        """Those of which something holds."""
        pairs = [pair for pair in zip(self.messages, self.read, strict=True) if chosen(pair[0])]
        return Texts([message for message, _ in pairs], [read for _, read in pairs])

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each message counts."""
        return np.array([message.weight for message in self.messages])


def rarity_of(texts: Texts) -> Floats:
    """How rare each row is among the texts: the logarithm of its inverse document frequency, and a half."""
    counts = np.bincount(np.concatenate([one.rows for one in texts.read]), minlength=ROWS)
    rarity: Floats = (
        (np.log(len(texts.read) / (counts + 1.0)).clip(0.0) + _RAREST).astype(np.float16).astype(np.float32)
    )
    return rarity


def matrix_of(read: Sequence[TextFeatures], rarity: Floats) -> csr_matrix:
    """The texts as a sparse matrix: rows, marks and lexical figures side by side."""
    rows = _sparse([one.rows for one in read], [row_values(one, rarity) for one in read], ROWS)
    lengths = [MARKS_WEIGHT / math.sqrt(max(1, len(one.marks))) for one in read]
    marks = _sparse(
        [np.array(one.marks, np.intp) for one in read],
        [np.full(len(one.marks), length) for one, length in zip(read, lengths, strict=True)],
        MARKS,
    )
    return csr_matrix(hstack([rows, marks, csr_matrix(np.array([one.lexical for one in read]))]))


def _sparse(columns: Sequence[NDArray[np.intp]], values: Sequence[NDArray[np.floating]], width: int) -> csr_matrix:
    ends = np.cumsum([0, *map(len, columns)])
    return csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=(len(columns), width))


@dataclass(frozen=True, slots=True)
class Fitted:
    """One column a head: weights over the matrix's columns, and the constants."""

    weights: Floats
    bias: Floats


def fit_heads(whole: Texts, alone: Texts, rarity: Floats) -> Fitted:
    """Fit every head; `alone` are the messages without those before them, for the head that knows follow-ups."""
    matrix = matrix_of(whole.read, rarity)
    columns = [*_fit_categories(matrix, whole), *_fit_needs(matrix, whole)]
    columns.append(_fit_binary(matrix_of(alone.read, rarity), [bool(one.before) for one in alone.messages], alone))
    columns.append(_fit_figure(matrix, whole, lambda one: _LEVEL_FIGURES.get(one.level or ""), _LEVEL_PENALTY))
    columns.append(_fit_figure(matrix, whole, lambda one: one.tokens and math.log(one.tokens), _TOKEN_PENALTY))
    weights, bias = zip(*columns, strict=True)
    return Fitted(np.array(weights, np.float32).T, np.array(bias, np.float32))


Column = tuple["NDArray[np.float64]", float]


def _fit_categories(matrix: csr_matrix, texts: Texts) -> list[Column]:
    wanted = [CATEGORIES.index(message.category) for message in texts.messages]
    model = LogisticRegression(C=_CATEGORY_PENALTY, max_iter=_ITERATIONS, tol=_TOLERANCE)
    model.fit(matrix, wanted, sample_weight=texts.weights)
    return [(row, float(bias)) for row, bias in zip(model.coef_, model.intercept_, strict=True)]


def _fit_needs(matrix: csr_matrix, texts: Texts) -> list[Column]:
    known = [position for position, message in enumerate(texts.messages) if message.needs is not None]
    chosen = Texts([texts.messages[at] for at in known], [texts.read[at] for at in known])
    return [
        _fit_binary(matrix[known], [need in (message.needs or ()) for message in chosen.messages], chosen)
        for need in NEEDS
    ]


def _fit_binary(matrix: csr_matrix, wanted: Sequence[bool], texts: Texts) -> Column:
    model = LogisticRegression(C=_NEED_PENALTY, max_iter=_ITERATIONS, tol=_TOLERANCE)
    model.fit(matrix, wanted, sample_weight=texts.weights)
    return model.coef_[0], float(model.intercept_[0])


def _fit_figure(matrix: csr_matrix, texts: Texts, figure: Callable[[Labelled], float | None], penalty: float) -> Column:
    figures = [figure(message) for message in texts.messages]
    known = [position for position, value in enumerate(figures) if value is not None]
    model = Ridge(alpha=penalty, solver="lsqr", tol=1e-4)
    model.fit(matrix[known], [figures[at] for at in known], sample_weight=texts.weights[known])
    return model.coef_, float(model.intercept_)


# --- from fitted columns to what is shipped ---------------------------------------------------------------------------


def packed(fitted: Fitted, rarity: Floats, texts: Texts) -> dict[str, NDArray[np.generic]]:
    """The weights as they are shipped, but for what is calibrated on messages held out."""
    rows, marks, lexical = np.split(fitted.weights, [ROWS, ROWS + MARKS])
    scale = (np.abs(rows).max(axis=0) / 127).astype(np.float32)
    counted = np.array([sum(m.weight for m in texts.messages if m.category == name) for name in CATEGORIES])
    return {
        "category/rows": np.ascontiguousarray(np.rint(rows / scale).astype(np.int8)),
        "category/rows_scale": scale,
        "category/rarity": rarity.astype(np.float16),
        "category/marks": np.ascontiguousarray(marks.astype(np.float16)),
        "category/lexical": np.ascontiguousarray(lexical.astype(np.float32)),
        "category/bias": fitted.bias,
        "category/known": known_words(np.concatenate([one.word_hashes for one in texts.read])),
        "category/prior": (counted / counted.sum()).astype(np.float32),
        "category/temperature": np.array(1.0, np.float32),
        "category/trust": np.array([1.0, 0.0], np.float32),
        "category/level_knots": np.array([[0.0, 1.0], [0.0, 1.0]], np.float32),
    }


def train(messages: Sequence[Labelled], folds_left_out: Sequence[int]) -> dict[str, NDArray[np.generic]]:
    """Fit on what lies in none of these folds, misspelt copies of the corpus among it."""
    kept = [one for one in messages if one.fold not in folds_left_out or one.source in ("terms", "specification")]
    corpus = [one for one in kept if one.source == "corpus"]
    more = [*kept, *misspelt(corpus, SEED)]
    whole = Texts.of(more, lambda one: one.whole)
    alone = Texts.of([one for one in more if one.level is not None], lambda one: one.text)
    rarity = rarity_of(whole.where(lambda one: one.source == "corpus"))
    return packed(fit_heads(whole, alone, rarity), rarity, whole)


# --- calibration ------------------------------------------------------------------------------------------------------


def calibration(messages: Sequence[Labelled]) -> tuple[dict[str, NDArray[np.generic]], list[tuple[Labelled, str]]]:
    """Cross-validate by topic without the held-out fold: the figures that calibrate, and each message's category."""
    judged: list[tuple[Labelled, NDArray[np.float64], float]] = []
    for fold in range(FOLDS):
        if fold == HELD_OUT_FOLD:
            continue
        heads = TaskHeads(train(messages, (HELD_OUT_FOLD, fold)))
        for message in messages:
            if message.fold == fold and message.source not in ("terms", "specification"):
                judgement = heads.judge(read_features(message.whole))
                judged.append((message, np.array([*judgement.categories.values()]), judgement.score))
    ours = [one for one in judged if one[0].source == "corpus"]
    figures: dict[str, NDArray[np.generic]] = {
        "category/temperature": np.array(_temperature(ours), np.float32),
        "category/level_knots": _level_knots(ours),
    }
    return figures, [(message, str(CATEGORIES[int(found.argmax())])) for message, found, _ in judged]


def _temperature(judged: Sequence[tuple[Labelled, NDArray[np.float64], float]]) -> float:
    """The divisor of the logits that makes the right categories most likely."""
    logits = np.log(np.array([found for _, found, _ in judged]).clip(1e-9))
    right = np.array([[name == message.category for name in CATEGORIES] for message, _, _ in judged])

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float(
            (np.log(np.exp(scaled - scaled.max(1, keepdims=True)).sum(1)) + scaled.max(1)).mean() - scaled[right].mean()
        )

    return float(min(np.arange(0.5, 3.0, 0.05), key=loss))


def _level_knots(judged: Sequence[tuple[Labelled, NDArray[np.float64], float]]) -> Floats:
    """Where the level head's figure must be cut for each level to be as frequent as it is, against LEVELS' bounds."""
    found = np.sort([score for message, _, score in judged if message.level])
    levels = [LEVEL_NAMES.index(message.level) for message, _, _ in judged if message.level]
    shares = np.cumsum(np.bincount(levels, minlength=len(LEVEL_NAMES)))[:-1] / len(levels)
    bounds = sorted(bound for bound, _ in LEVELS)[1:]
    figures = np.array([*_LEVEL_FIGURES.values()])
    margins = 0.25 * np.diff(figures)
    cuts = np.quantile(found, shares).clip(figures[:-1] + margins, figures[1:] - margins)
    return np.array([[0.0, *cuts, cuts[-1] + 0.6], [0.0, *bounds, 1.0]], np.float32)


# --- what is printed --------------------------------------------------------------------------------------------------


def report(title: str, judged: Sequence[tuple[Labelled, str]]) -> None:
    """Print the share of right categories, over all and by data set, category, language and tag."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for message, found in judged:
        right = message.category == found
        ours = message.source == "corpus"
        groups["all of the corpus" if ours else f"set {message.source}"].append(right)
        if ours:
            for group in (
                f"category {message.category}",
                f"language {message.language}",
                *(f"tag {t}" for t in message.tags),
            ):
                groups[group].append(right)
    print(f"\n{title}")
    for group, rights in sorted(groups.items()):
        print(f"  {group:<32}{len(rights):>6}{100 * sum(rights) / len(rights):>8.1f} %")
