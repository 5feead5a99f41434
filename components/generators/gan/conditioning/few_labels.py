"""Few labels, from which a GAN's discriminator learns to classify."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from adagan.components.generators.gan.conditioning.conditioning import ConditionedGAN, Conditioning, plain_generator
from adagan.components.generators.gan.judged_batches import JudgedBatch
from adagan.components.generators.gan.objectives import CrossEntropy
from adagan.components.generators.gan.spectral import keep_normalized, normalized_layers
from adagan.components.generators.gan.techniques import MinibatchStatistics
from adagan.components.generators.latent import BLOCK
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.labels import as_classes, check_num_classes, shares_by_weight
from adagan.components.networks.given_network import GivenNetwork, Trial
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.row_draws import draw_rows
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts, check_positive

COUNT, CLASSIFIER = "num_classes_", "classifier_"


class FewLabels(Conditioning):
    """K + 1 classes for the discriminator: the K of the labelled points, and "generated".

    With logits l_1 to l_K and 0 for the last class, a point is real with probability Z/(Z + 1), Z = Σ_k exp l_k:
    the discriminator's output is log Z, to which the objective applies, and cross-entropy at the labelled points is
    added to its loss. All points, labelled or not, are told from samples; that is what the classifier learns from
    beside the labels. The GAN samples as any does, without regard to classes. Its ``discriminator`` takes points
    (B, *event) and gives the logits of the K classes (B, K).

    >>> from adagan.components import GAN, FewLabels
    >>> data, classes = torch.tensor([[0.0], [2.0], [7.0], [9.0]]), torch.tensor([0, -1, -1, 1])
    >>> gan = GAN(conditioning=FewLabels(), max_steps=5, batch_size=4, seed=0).fit(data, labels=classes)
    >>> gan.predict_proba(data).shape
    torch.Size([4, 2])

    Args:
        num_classes: K, if labels from K on are to be refused; ``None`` takes the largest label that occurs.
        supervision: Factor of the cross-entropy at labelled points.

    The fitted GAN has ``classifier_``, the trained discriminator, in evaluation mode; ``num_classes_``; ``predict`` and
    ``predict_proba``. ``techniques=[FeatureMatching()]`` trains the generator as the reference does; on small images,
    with 100 labels, the classifier learns more from a generator that is trained by the objective (see
    ``examples/digits_codes.py``).

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 5, https://arxiv.org/abs/1606.03498
    """

    learns_labels: ClassVar[bool] = True
    recognises: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = (COUNT,)
    offers: ClassVar[tuple[str, ...]] = ("predict", "predict_proba")

    def __init__(self, num_classes: int | None = None, *, supervision: float = 1.0) -> None:
        check_counts(num_classes=num_classes)
        check_positive(supervision=supervision)
        self.num_classes, self.supervision = num_classes, supervision

    def config(self) -> dict[str, Any]:
        return {"num_classes": self.num_classes, "supervision": self.supervision}

    def check(self, gan: ConditionedGAN) -> None:
        if not isinstance(gan.objective, CrossEntropy):
            raise UserError(
                f"objective: the discriminator's output is the log odds of a class, which {gan.objective!r} does not "
                "learn; use NonSaturating, Minimax or GeneralizedMinimax"
            )
        for technique in gan.techniques:
            if technique.points_per_output > 1:
                raise UserError(
                    f"techniques: {technique!r} judges points together, but each has a class of its own; leave it out"
                )
            if isinstance(technique, MinibatchStatistics):
                raise UserError(
                    f"techniques: with {technique!r} a point's class would depend on the points beside it; leave it out"
                )

    def read_labels(
        self, gan: ConditionedGAN, data: Tensor, weights: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        classes = as_classes(labels, len(data), f"a GAN with {self!r}").to(data.device)
        gan.facts_[COUNT] = torch.tensor(check_num_classes(classes, self.num_classes))
        # refuses weights that leave nothing to learn classes from
        shares_by_weight(classes, as_probabilities(weights, len(data), data, "weights"))
        return weights, classes

    def make_networks(self, gan: ConditionedGAN, plan: NetworkPlan) -> dict[str, nn.Module]:
        count = int(gan.facts_[COUNT])
        classifier = gan.given_discriminator.make(
            lambda: gan.networks.classifier(plan.event_shape, count, plan.width),
            Trial((plan.points(),), plan.takes(), "logits of the classes", (count,)),
        )
        return {"generator_": plain_generator(gan, plan), CLASSIFIER: classifier}

    def train(
        self, gan: ConditionedGAN, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None
    ) -> nn.Module:
        assert labels is not None
        classifier = gan.get_submodule(CLASSIFIER)
        before = normalized_layers(classifier)
        training = gan.assemble(plan, batches, gan.generator_, AnyClass(classifier))
        weights = batches.cumulative.diff(prepend=batches.cumulative.new_zeros(1))
        cumulative, scaled, count = weights.masked_fill(labels < 0, 0.0).cumsum(0), batches.data, batches.batch_size
        batches.rows.alone = False

        def supervised(batch: JudgedBatch) -> Tensor:
            rows = draw_rows(cumulative, count, batches.generator)
            return self.supervision * cross_entropy(classifier(scaled[rows]).reshape(count, -1), labels[rows])

        training.discriminator_terms.append(supervised)
        average = gan.run(training, batches)
        classifier.eval().requires_grad_(False)
        keep_normalized(normalized_layers(classifier) - before)
        return average

    @torch.no_grad()
    def predict_proba(self, gan: ConditionedGAN, x: Tensor) -> Tensor:
        """Probabilities of the classes at points of shape (N, *event), given that these are real: shape (N, K)."""
        gan.check_fitted("fit(data, labels=classes)")
        classifier, count = gan.get_submodule(CLASSIFIER), int(gan.facts_[COUNT])
        logits = [classifier(gan.scaling_(block)).reshape(len(block), count) for block in torch.split(x, BLOCK)]
        return torch.cat(logits).softmax(dim=1)

    def predict(self, gan: ConditionedGAN, x: Tensor) -> Tensor:
        """The likeliest classes of points of shape (N, *event), shape (N,)."""
        return self.predict_proba(gan, x).argmax(dim=1)

    def stored_networks(self, gan: ConditionedGAN) -> tuple[GivenNetwork, ...]:
        return gan.given_generator, gan.given_discriminator


class AnyClass(nn.Module):
    """The log odds that a point is of one of the classes rather than generated, shape (B,)."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, points: Tensor) -> Tensor:
        logits = cast(Tensor, self.classifier(points))
        return torch.logsumexp(logits.reshape(len(points), -1), dim=1)
