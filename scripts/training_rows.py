"""Texts as the training reads them: hashed rows, stacked as a sparse matrix, and how common each row is."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from routing.hashed_rows import COARSE_ROWS, COARSE_SHIFT, ROWS, text_rows
from routing.text_features import read_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from routing.text_features import TextFeatures

    Floats = NDArray[np.float64]

# Every fold reads most of the same messages.
read = cache(read_features)


def rows_of(features: TextFeatures) -> NDArray[np.intp]:
    """The rows of a text, sorted, as often as they occur."""
    return _rows_of(tuple(features.chunks))


@cache
def _rows_of(chunks: tuple[str, ...]) -> NDArray[np.intp]:
    return np.sort(text_rows(chunks))


class Rows(NamedTuple):
    """Texts as a sparse matrix of counts: `columns` in the order of the texts, of which `counts` belong to each."""

    columns: NDArray[np.intp]
    counts: NDArray[np.intp]
    width: int = ROWS

    def times(self, vector: Floats) -> Floats:
        """Sum the vector's entries over each text's columns."""
        sums = np.concatenate([[0.0], np.cumsum(vector[self.columns])])
        ends = np.cumsum(self.counts)
        product: Floats = sums[ends] - sums[ends - self.counts]
        return product

    def transposed_times(self, vector: Floats) -> Floats:
        """Sum the texts' entries over each column."""
        sums: Floats = np.bincount(self.columns, np.repeat(vector, self.counts), minlength=self.width).astype(
            np.float64
        )
        return sums

    def texts_with(self) -> NDArray[np.intp]:
        """In how many texts each column is."""
        fresh = np.ones(len(self.columns), np.bool_)
        fresh[1:] = self.columns[1:] != self.columns[:-1]
        ends = np.cumsum(self.counts)[:-1]
        fresh[ends[ends < len(fresh)]] = True
        return np.bincount(self.columns[fresh], minlength=self.width)

    @classmethod
    def of(cls, texts: Sequence[TextFeatures]) -> Rows:
        """Stack them."""
        rows = [rows_of(one) for one in texts]
        return cls(np.concatenate(rows), np.array([len(one) for one in rows]))

    @classmethod
    def coarse(cls, texts: Sequence[TextFeatures]) -> Rows:
        """Stack them for heads that few texts teach."""
        rows = cls.of(texts)
        return cls(rows.columns >> COARSE_SHIFT, rows.counts, COARSE_ROWS)


def commonness(rows: Rows, quantiles: tuple[float, float]) -> tuple[Floats, Floats]:
    """How common each row is, as a logarithm; and quantiles of how common a text finds those that others have too."""
    texts, found = len(rows.counts), rows.texts_with()
    # Without the text itself: its own n-grams would all be known.
    others = np.log((np.maximum(found - 1, 0) + 0.5) / texts)
    means = rows.times(others) / np.maximum(rows.counts, 1)
    return np.log((found + 0.5) / texts), np.quantile(means, quantiles)
