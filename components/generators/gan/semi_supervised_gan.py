"""A GAN whose discriminator classifies, and learns to from few labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from adagan.components.checks import check_counts, check_module, check_positive, keywords_only
from adagan.components.generators.gan.class_networks import default_classifier
from adagan.components.generators.gan.gan import GAN, OneNumber
from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.generators.gan.judged_batches import JudgedBatch
from adagan.components.generators.gan.objectives import CrossEntropy, Objective
from adagan.components.generators.gan.spectral import keep_normalized
from adagan.components.generators.gan.techniques import MinibatchStatistics, Technique
from adagan.components.generators.latent import BLOCK
from adagan.components.labels import as_classes, check_num_classes, shares_by_weight
from adagan.components.training.batches import WeightedBatches, draw_rows
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError


class SemiSupervisedGAN(GAN):
    """A GAN with K + 1 classes for its discriminator: the K of the labelled points, and "generated".

    With logits l_1 to l_K and 0 for the last class, a point is real with probability Z/(Z + 1), Z = Σ_k exp l_k:
    the discriminator's output is log Z, to which the objective applies, and cross-entropy at the labelled points is
    added to its loss. All points, labelled or not, are told from samples; that is what the classifier learns from
    beside the labels. It samples as any GAN does, without regard to classes.

    >>> from adagan.components import SemiSupervisedGAN
    >>> data, classes = torch.tensor([[0.0], [2.0], [7.0], [9.0]]), torch.tensor([0, -1, -1, 1])
    >>> component = SemiSupervisedGAN(max_steps=5, batch_size=4, seed=0).fit(data, labels=classes)
    >>> component.predict_proba(data).shape
    torch.Size([4, 2])

    Args:
        objective: One whose discriminator minimises a cross-entropy; ``None`` means NonSaturating().
        num_classes: K, if labels from K on are to be refused; ``None`` takes the largest label that occurs.
        supervision: Factor of the cross-entropy at labelled points.
        discriminator: A module from points (B, *event) to the logits of K classes (B, K); ``None`` chooses an MLP for
            vectors and a small convolutional network for images.
        techniques: As of `GAN`. ``[FeatureMatching()]`` trains the generator as the reference does; on small images,
            with 100 labels, the classifier learns more from a generator that is trained by the objective (see
            ``examples/digits_codes.py``).
        options: The other arguments of `GAN`.

    Attributes:
        classifier_: The trained discriminator, in evaluation mode.

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 5, https://arxiv.org/abs/1606.03498
    """

    classifier_: nn.Module
    num_classes_: Tensor

    recognises: ClassVar[bool] = True
    learns_labels: ClassVar[bool] = True

    def __init__(
        self,
        objective: Objective | None = None,
        *,
        num_classes: int | None = None,
        supervision: float = 1.0,
        techniques: Sequence[Technique] = (),
        **options: Any,
    ) -> None:
        super().__init__(objective, techniques=techniques, **options)
        check_counts(num_classes=num_classes)
        check_positive(supervision=supervision)
        if not isinstance(self.objective, CrossEntropy):
            raise UserError(
                f"objective: the discriminator's output is the log odds of a class, which {self.objective!r} does not "
                "learn; use NonSaturating, Minimax or GeneralizedMinimax"
            )
        for technique in self.techniques:
            if technique.points_per_output > 1:
                raise UserError(
                    f"techniques: {technique!r} judges points together, but each has a class of its own; leave it out"
                )
            if isinstance(technique, MinibatchStatistics):
                raise UserError(
                    f"techniques: with {technique!r} a point's class would depend on the points beside it; leave it out"
                )
        self.num_classes, self.supervision = num_classes, supervision

    @keywords_only
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Trains on data of shape (N, *event) with `labels` of shape (N,), drawn by `weights` of shape (N,).

        Args:
            data: The points; training takes place on their device.
            weights: Non-negative; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one.

        Raises:
            ValueError: No labels, labels outside the range, all weight on points without one, and what `GAN` refuses.
            TrainingDiverged: As `GAN`.
        """
        classes = as_classes(labels, len(data), type(self).__name__).to(data.device)
        self._num_classes = check_num_classes(classes, self.num_classes)
        base = as_probabilities(weights, len(data), data, "weights")
        shares_by_weight(classes, base)  # refuses weights that leave nothing to learn classes from
        return self._fit(data, weights, partial(self._train_classes, classes, base.masked_fill(classes < 0, 0.0)))

    @torch.no_grad()
    def predict_proba(self, x: Tensor) -> Tensor:
        """Probabilities of the classes at points of shape (N, *event), given that these are real: shape (N, K)."""
        if not hasattr(self, "generator_"):
            raise RuntimeError(f"this {type(self).__name__} is not fitted yet; call fit(data, labels=classes) first")
        return torch.cat([self._logits(self.scaling_(block)).softmax(dim=1) for block in torch.split(x, BLOCK)])

    def predict(self, x: Tensor) -> Tensor:
        """The likeliest classes of points of shape (N, *event), shape (N,)."""
        return self.predict_proba(x).argmax(dim=1)

    def _logits(self, scaled: Tensor) -> Tensor:
        logits: Tensor = self.classifier_(scaled)
        return logits.reshape(len(scaled), self._num_classes)

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """See `LatentGenerator`; makes the classifier too."""
        super().build(event_shape, like)
        count = self._num_classes
        width = self._width(event_shape)
        self.classifier_ = self._discriminator_template.copy_or(default_classifier, event_shape, count, width).to(like)
        self.register_buffer("num_classes_", torch.tensor(count, device=like.device))

    def _train_classes(
        self, labels: Tensor, weights: Tensor, batches: WeightedBatches, event_shape: tuple[int, ...]
    ) -> nn.Module:
        training = self._assembled(batches, event_shape)
        cumulative, scaled, count = weights.cumsum(0), batches.data, batches.batch_size

        def supervised(batch: JudgedBatch) -> Tensor:
            rows = draw_rows(cumulative, count, batches.generator)
            return self.supervision * cross_entropy(self._logits(scaled[rows]), labels[rows])

        training.discriminator_terms.append(supervised)
        average = self._trained(training, batches)
        keep_normalized(self.classifier_.requires_grad_(False))
        return average

    def _networks(self, event_shape: tuple[int, ...], together: int, like: Tensor) -> tuple[nn.Module, nn.Module]:
        return self.generator_, OneNumber(_AnyClass(self.classifier_))

    def _check_discriminator(self, training: GANTraining, like: Tensor, count: int, takes: str) -> None:
        if self._discriminator_template.module is not None:
            shape = (self._num_classes,)
            check_module("discriminator", self.classifier_, (like[:2],), takes, "logits of the classes", shape)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the component again."""
        config = super().config()
        own = config["own_generator"] or self._discriminator_template.module is not None
        return {**config, "own_generator": own, "num_classes": self.num_classes}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; builds the networks for the stored classes and shape of events first."""
        self._num_classes = int(state_dict["num_classes_"])
        return super().load_state_dict(state_dict, strict, assign)


class _AnyClass(nn.Module):
    """The log odds that a point is of one of the classes rather than generated, shape (B,)."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, points: Tensor) -> Tensor:
        return torch.logsumexp(self.classifier(points).reshape(len(points), -1), dim=1)
