"""A critic of the data against the whole mixture: one number, and the components' ratios from their densities."""

from __future__ import annotations

from adagan.components.critics.network_critic import NetworkCritic


class BinaryCritic(NetworkCritic):
    r"""Estimates log dQ/dP_data of all samples together, and takes the components' ratios among themselves exactly.

    The samples come from q = Σ_k s_k p_k, so that log u_k = log dQ/dP_data + log p_k/q: only the first term is learnt,
    by one logistic regression; the second is computed from ``log_prob`` of the components. For one component it is
    zero, and no density is needed.

    It is the better choice for flows and other components with densities: the error of telling the components apart
    is none, and one number needs fewer points than K. Components without densities need `Critic`.

    The arguments and learnt attributes are those of `Critic`. With `noise` blurred distributions are compared, of which
    the components' densities know nothing: several components then need `Critic` too.

    Raises:
        TypeError: At `fit`, one of several components has no ``log_prob``; it is named.
        ValueError: At `fit`, there are several components and `noise` is positive.
    """

    binary = True
