"""Fits the heads for category, needs, follow-ups, level and answer length, and measures them on held-out topics."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from routing.chunk_sums import known_words
from routing.complexity import LEVELS
from routing.hashed_rows import ROWS, hashed
from routing.task_heads import CATEGORIES, LEXICAL_WEIGHT, MARKS_WEIGHT, NEEDS, TaskHeads, row_values
from routing.text_features import MARKS
from scripts.training_messages import FOLDS, HELD_OUT_FOLD, misspelt
from scripts.training_rows import Rows, read, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from routing.task_heads import Judgement
    from routing.text_features import TextFeatures
    from scripts.training_messages import Labelled

    Floats = NDArray[np.float32]

_CATEGORY_SLACK, _NEED_SLACK, _LEVEL_PENALTY, _TOKEN_PENALTY = 0.05, 1.0, 50.0, 25.0
_RAREST = 0.5

# What the level head is taught: the middle of each level's range.
_LEVEL_FIGURES = {"trivial": 0.02, "simple": 0.14, "moderate": 0.29, "complex": 0.46, "very_complex": 0.66}
LEVEL_NAMES = tuple(_LEVEL_FIGURES)


@dataclass(frozen=True, slots=True)
class Texts:
    """Messages, and the features of each as it is read together with the one before it."""

    messages: Sequence[Labelled]
    features: Sequence[TextFeatures]

    @classmethod
    def of(cls, messages: Sequence[Labelled], text: Callable[[Labelled], str]) -> Texts:
        """Read them."""
        return cls(messages, [read(text(message)) for message in messages])

    def where(self, chosen: Callable[[Labelled], bool]) -> Texts:
        """Those of which something holds."""
        pairs = [pair for pair in zip(self.messages, self.features, strict=True) if chosen(pair[0])]
        return Texts([message for message, _ in pairs], [features for _, features in pairs])

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each message counts."""
        return np.array([message.weight for message in self.messages])


def rarity_of(texts: Texts) -> Floats:
    """How rare each row is among the texts: the logarithm of its inverse document frequency, and a half."""
    counts = Rows.of(texts.features).texts_with()
    rarity: Floats = (
        (np.log(len(texts.features) / (counts + 1.0)).clip(0.0) + _RAREST).astype(np.float16).astype(np.float32)
    )
    return rarity


def matrix_of(texts: Sequence[TextFeatures], rarity: Floats) -> csr_matrix:
    """The texts as a sparse matrix: rows, marks and lexical figures side by side."""
    columns = [rows_of(one) for one in texts]
    rows = _sparse(columns, [row_values(one, rarity) for one in columns], ROWS)
    rows.sum_duplicates()
    lengths = [MARKS_WEIGHT / math.sqrt(max(1, len(one.marks))) for one in texts]
    marks = _sparse(
        [np.array(one.marks, np.intp) for one in texts],
        [np.full(len(one.marks), length) for one, length in zip(texts, lengths, strict=True)],
        MARKS,
    )
    lexical = csr_matrix(LEXICAL_WEIGHT * np.array([one.lexical for one in texts]))
    return csr_matrix(hstack([rows, marks, lexical]))


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
    matrix = matrix_of(whole.features, rarity)
    columns = [*_fit_categories(matrix, whole), *_fit_needs(matrix, whole)]
    columns.append(_fit_binary(matrix_of(alone.features, rarity), [bool(one.before) for one in alone.messages], alone))
    columns.append(_fit_figure(matrix, whole, lambda one: _LEVEL_FIGURES.get(one.level or ""), _LEVEL_PENALTY))
    columns.append(_fit_figure(matrix, whole, lambda one: one.tokens and math.log(one.tokens), _TOKEN_PENALTY))
    weights, bias = zip(*columns, strict=True)
    return Fitted(np.array(weights, np.float32).T, np.array(bias, np.float32))


Column = tuple["NDArray[np.float64]", float]


def _fit_categories(matrix: csr_matrix, texts: Texts) -> list[Column]:
    wanted = [CATEGORIES.index(message.category) for message in texts.messages]
    model = LinearSVC(C=_CATEGORY_SLACK, random_state=0)
    model.fit(matrix, wanted, sample_weight=texts.weights)
    return [(row, float(bias)) for row, bias in zip(model.coef_, model.intercept_, strict=True)]


def _fit_needs(matrix: csr_matrix, texts: Texts) -> list[Column]:
    known = [position for position, message in enumerate(texts.messages) if message.needs is not None]
    chosen = Texts([texts.messages[at] for at in known], [texts.features[at] for at in known])
    return [
        _fit_binary(matrix[known], [need in (message.needs or ()) for message in chosen.messages], chosen)
        for need in NEEDS
    ]


def _fit_binary(matrix: csr_matrix, wanted: Sequence[bool], texts: Texts) -> Column:
    model = LogisticRegression(C=_NEED_SLACK, solver="liblinear", random_state=0)
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
        "category/known": known_words(_word_hashes(texts)),
        "category/prior": (counted / counted.sum()).astype(np.float32),
        "category/temperature": np.array(1.0, np.float32),
        "category/trust": np.array([1.0, 0.0], np.float32),
        "category/level_knots": np.array([[0.0, 1.0], [0.0, 1.0]], np.float32),
    }


def _word_hashes(texts: Texts) -> NDArray[np.uint32]:
    return hashed(list({chunk: None for one in texts.features for chunk in one.chunks})).word_hashes


def train(messages: Sequence[Labelled], folds_left_out: Sequence[int]) -> dict[str, NDArray[np.generic]]:
    """Fit on what lies in none of these folds, misspelt copies of the corpus among it."""
    kept = [one for one in messages if one.fold not in folds_left_out or one.source in ("terms", "specification")]
    corpus = [one for one in kept if one.source == "corpus"]
    more = [*kept, *misspelt(corpus)]
    whole = Texts.of(more, lambda one: one.whole)
    alone = Texts.of([one for one in more if one.level is not None], lambda one: one.text)
    rarity = rarity_of(whole.where(lambda one: one.source == "corpus"))
    return packed(fit_heads(whole, alone, rarity), rarity, Texts.of(kept, lambda one: one.whole))


# --- calibration ------------------------------------------------------------------------------------------------------


class Judged(NamedTuple):
    """A message, and what heads said of it that had not seen its fold."""

    message: Labelled
    judgement: Judgement


# What is tried for `TaskHeads`: the trust in the heads where no word is known, and what every known word adds.
_TRUSTS = tuple((least / 20, more / 20) for least in range(10, 21) for more in range(21) if least + more >= 20)


def calibration(messages: Sequence[Labelled]) -> tuple[dict[str, NDArray[np.generic]], list[tuple[Labelled, str]]]:
    """Cross-validate by topic without the held-out fold: the figures that calibrate, and each message's category."""
    judged: list[Judged] = []
    for fold in range(FOLDS):
        if fold == HELD_OUT_FOLD:
            continue
        heads = TaskHeads(train(messages, (HELD_OUT_FOLD, fold)))
        for message in messages:
            if message.fold == fold and message.source not in ("terms", "specification"):
                judgement = heads.judge(read(message.whole))
                judged.append(Judged(message, judgement))
    return _calibrated([one for one in judged if one.message.source == "corpus"]), [
        (one.message, str(max(CATEGORIES, key=one.judgement.categories.__getitem__))) for one in judged
    ]


def _calibrated(judged: Sequence[Judged]) -> dict[str, NDArray[np.generic]]:
    probabilities = np.array([[*one.judgement.categories.values()] for one in judged])
    right = np.array([[name == one.message.category for name in CATEGORIES] for one in judged])
    familiarity = np.array([one.judgement.familiarity for one in judged])
    temperature = min(np.geomspace(0.1, 2.0, 61), key=lambda divisor: _loss(_softened(probabilities, divisor), right))
    softened = _softened(probabilities, temperature)
    trust = min(_TRUSTS, key=lambda line: _loss(_mixed(softened, right.mean(0), line, familiarity), right))
    return {
        "category/temperature": np.array(temperature, np.float32),
        "category/trust": np.array(trust, np.float32),
        "category/level_knots": _level_knots(judged),
    }


def _loss(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    return float(-np.log(probabilities[right].clip(1e-9)).mean())


def _softened(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    powers = probabilities.clip(1e-12) ** (1 / temperature)
    softened: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return softened


def _mixed(
    probabilities: NDArray[np.float64],
    prior: NDArray[np.float64],
    line: tuple[float, float],
    familiarity: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The probabilities and the prior, the one trusted by a line over familiarity, as the heads mix them."""
    trust = np.minimum(1.0, line[0] + line[1] * familiarity)[:, None]
    mixed: NDArray[np.float64] = trust * probabilities + (1 - trust) * prior
    return mixed


def _level_knots(judged: Sequence[Judged]) -> Floats:
    """Where the level head's figure must be cut for each level to be as frequent as it is, against LEVELS' bounds."""
    found = [one.judgement.score for one in judged]
    levels = [LEVEL_NAMES.index(one.message.level or "") for one in judged]
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
