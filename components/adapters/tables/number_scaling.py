"""The scales of a table's numbers: mean 0 and deviation 1 in double precision; skewed ones are brought nearer first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.adapters.tables.column import Column
from adagan.mixtures.randomness import isolated_randomness

Table = NDArray[np.float64]


class NumberScaling:
    """scikit-learn's scaling of the ordinary magnitudes of columns, restored from JSON.

    Args:
        columns: Those with magnitudes.
        start: Where the power transformation of each skewed column begins, shape (k,).
        spread: In what units it measures, shape (k,).
        powers: scikit-learn's ``lambdas_`` of these, shape (k,).
        mean: Of the columns, transformed where they are skewed, shape (n,).
        scale: Their deviations, shape (n,).
    """

    def __init__(
        self, columns: Sequence[Column], start: Table, spread: Table, powers: Table, mean: Table, scale: Table
    ) -> None:
        from sklearn.preprocessing import PowerTransformer, StandardScaler  # type: ignore[import-untyped]

        self.columns, self.start, self.spread = columns, start, spread
        self._skewed = [index for index, column in enumerate(columns) if column.skewed]
        self._power, self._scaler = PowerTransformer(standardize=False), StandardScaler()
        self._power.lambdas_, self._power.n_features_in_ = powers, len(powers)
        self._scaler.mean_, self._scaler.scale_, self._scaler.n_features_in_ = mean, scale, len(mean)
        limits = np.array([[c.low for c in columns], [c.high for c in columns]]).reshape(2, len(columns))
        ends: Table = self.scaled(limits)
        self._low, self._high = ends[0], ends[1]
        self._grids = [None if column.decimals is None else 10.0**column.decimals for column in columns]

    @classmethod
    def fitted(cls, columns: Sequence[Column], table: Table) -> Self:
        """The scales of magnitudes of shape (N, n), NaN where there is none."""
        with isolated_randomness(0):  # scikit-learn's first import draws from Python's generator
            from sklearn.preprocessing import PowerTransformer, StandardScaler
        skewed = [index for index, column in enumerate(columns) if column.skewed]
        part, table = table[:, skewed], table.copy()
        start, spread, powers = (np.zeros(0),) * 3
        if skewed:
            ends = np.nanmin(part, axis=0), np.nanmax(part, axis=0)
            above = np.nanmean(part, axis=0) >= np.nanmedian(part, axis=0)
            start, spread = np.where(above, *ends), np.nanstd(part, axis=0)
            power = PowerTransformer(standardize=False).fit((part - start) / spread)
            # beyond these powers single precision cannot tell the largest values apart
            power.lambdas_ = powers = power.lambdas_.clip(0.0, 2.0)
            table[:, skewed] = power.transform((part - start) / spread)
        if not len(columns):
            return cls(columns, start, spread, powers, np.zeros(0), np.zeros(0))
        scaler = StandardScaler().fit(table)
        return cls(columns, start, spread, powers, scaler.mean_, scaler.scale_)

    def scaled(self, table: Table) -> Table:
        """Magnitudes of shape (N, n) as entries of vectors."""
        if not table.size:
            return table
        table = table.copy()
        if self._skewed:
            table[:, self._skewed] = self._power.transform((table[:, self._skewed] - self.start) / self.spread)
        scaled: Table = self._scaler.transform(table)
        return scaled

    def restored(self, entries: Table) -> Table:
        """Entries (N, n) as magnitudes: in range, and rounded."""
        if not entries.size:
            return entries
        table = self._scaler.inverse_transform(np.clip(entries, self._low, self._high))
        if self._skewed:
            part = self._power.inverse_transform(table[:, self._skewed])
            table[:, self._skewed] = part * self.spread + self.start
        for index, column in enumerate(self.columns):
            if column.decimals is not None:
                table[:, index] = np.round(table[:, index], column.decimals)
        kept: Table = np.clip(table, [c.low for c in self.columns], [c.high for c in self.columns])
        return kept

    def rounded(self, entries: Tensor) -> Tensor:
        """Entries (N, n) in range and on the grids of their columns; a copy, on their device."""
        low, high = (torch.from_numpy(limit).to(entries) for limit in (self._low, self._high))
        entries = torch.minimum(torch.maximum(entries, low), high)
        for index, grid in enumerate(self._grids):
            if grid is not None:
                magnitudes = torch.round(self._magnitude(entries[:, index], index) * grid) / grid
                entries[:, index] = self._entry(magnitudes, index).to(entries)
        return entries

    def moved(self, entries: Tensor, shift: Tensor) -> Tensor:
        """Entries (N, n) moved by `shift` steps of their columns' grids, where these have one; a copy."""
        entries = entries.clone()
        for index, grid in enumerate(self._grids):
            if grid is not None:
                magnitudes = self._magnitude(entries[:, index], index) + shift[:, index] / grid
                entries[:, index] = self._entry(magnitudes, index).to(entries)
        return entries

    def _magnitude(self, entries: Tensor, index: int) -> Tensor:
        values = entries.double() * float(self._scaler.scale_[index]) + float(self._scaler.mean_[index])
        if index not in self._skewed:
            return values
        return self._through(self._power.inverse_transform, values, index) * self._spread(index) + self._start(index)

    def _entry(self, magnitudes: Tensor, index: int) -> Tensor:
        if index in self._skewed:
            units = (magnitudes - self._start(index)) / self._spread(index)
            magnitudes = self._through(self._power.transform, units, index)
        return (magnitudes - float(self._scaler.mean_[index])) / float(self._scaler.scale_[index])

    def _through(self, transform: Any, values: Tensor, index: int) -> Tensor:
        """One skewed column through the power transformation, the others at 0."""
        table = np.zeros((len(values), len(self._skewed)))
        table[:, self._skewed.index(index)] = values.cpu().numpy()
        return torch.from_numpy(transform(table)[:, self._skewed.index(index)]).to(values) if len(values) else values

    def _start(self, index: int) -> float:
        return float(self.start[self._skewed.index(index)])

    def _spread(self, index: int) -> float:
        return float(self.spread[self._skewed.index(index)])

    def config(self) -> dict[str, Any]:
        """For JSON."""
        found = {"start": self.start, "spread": self.spread, "powers": self._power.lambdas_}
        found |= {"mean": self._scaler.mean_, "scale": self._scaler.scale_}
        return {name: np.asarray(values).tolist() for name, values in found.items()}

    @classmethod
    def from_config(cls, columns: Sequence[Column], config: Mapping[str, Sequence[float]]) -> Self:
        """The scaling whose `config` this is."""
        return cls(columns, **{name: np.array(values, dtype=np.float64) for name, values in config.items()})
