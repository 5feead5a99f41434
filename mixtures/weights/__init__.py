"""Mixture weights: all at once by minimising an f-divergence, their solvers and intervals."""
