"""The list of all methods: what ``adagan study`` can compare."""

from __future__ import annotations

from typing import Any

from adagan.study.method import Method
from adagan.study.methods.baselines import ensemble, gaussian_mixture, vanilla
from adagan.study.methods.boosting import adagan, adagan_harmonic, top_k_last
from adagan.study.methods.estimators import cells, coarse_critic
from adagan.study.methods.of_kinds import METHODS_OF_KINDS
from adagan.study.methods.ratio_methods import RATIO_METHODS
from adagan.study.methods.rivals.discriminator_rejection import discriminator_rejection
from adagan.study.methods.rivals.metropolis_hastings import metropolis_hastings
from adagan.study.methods.rivals.multiplicative_weights import multiplicative_weights
from adagan.study.methods.rivals.packed import pacgan
from adagan.study.methods.rivals.post_gan_boosting import post_gan_boosting
from adagan.study.methods.rivals.self_diagnosing import self_diagnosing

_OF_BENCHMARKS: tuple[Method[Any], ...] = (
    Method("gaussian-mixture", gaussian_mixture, ("gaussian-mixture",)),
    Method("vanilla", vanilla, ("vanilla",)),
    Method("ensemble", ensemble, ("ensemble",)),
    Method("top-k-last", top_k_last, ("top-k-last", "top-k-last-refined")),
    Method("adagan-harmonic", adagan_harmonic, ("adagan-harmonic", "adagan-harmonic-refined")),
    Method("adagan", adagan, ("adagan", "adagan-refined")),
    Method("drs", discriminator_rejection, ("drs",)),
    Method("mh-gan", metropolis_hastings, ("mh-gan",)),
    Method("pacgan", pacgan, ("pacgan",)),
    Method("self-diagnosing", self_diagnosing, ("self-diagnosing",)),
    Method("mwu-gan", multiplicative_weights, ("mwu-gan",)),
    Method("post-gan-boosting", post_gan_boosting, ("post-gan-boosting", "post-gan-boosting-drs")),
)

ESTIMATORS: dict[str, Method[Any]] = {
    "cells": Method("cells", cells, ("cells",)),
    "coarse-critic": Method("coarse-critic", coarse_critic, ("coarse-critic",)),
}
"""What ``adagan study missing`` compares."""

METHODS: dict[str, Method[Any]] = {
    **{method.name: method for method in (*_OF_BENCHMARKS, *METHODS_OF_KINDS)},
    **ESTIMATORS,
    **{method.name: method for method in RATIO_METHODS.values()},
}

METHOD_OF_ROW = {row: method.name for method in _OF_BENCHMARKS for row in method.rows}
"""By the name of a row: that of the method whose training it comes from."""
DEFAULT_ROWS = ("gaussian-mixture", "vanilla", "ensemble", "adagan", "adagan-refined")
