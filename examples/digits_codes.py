"""
What do a GAN's classes and codes know of the digits?
=====================================================

Three GANs on the 8×8 digits answer.

One learns to classify from 100 labels and the unlabelled rest (Salimans et al., 2016, https://arxiv.org/abs/1606.03498),
one finds ten codes without any label (Chen et al., 2016, https://arxiv.org/abs/1606.03657), and one samples the digit
that it is asked for (Miyato, Koyama, 2018, https://arxiv.org/abs/1802.05637).
"""

import sys
from dataclasses import dataclass

import matplotlib
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, normalized_mutual_info_score
from torch import Tensor

from adagan.components import GAN, ConditionalGAN, FeatureMatching, InfoGAN, InstanceNoise, SemiSupervisedGAN
from adagan.data.built_in import digits

NUM_LABELS, NUM_HELD_OUT = 100, 500


@dataclass(frozen=True)
class Outcome:
    """What was found.

    Attributes:
        accuracies: On held-out digits, by method.
        purity: Share of the digits whose class is the most frequent one of their code.
        shared: Normalised mutual information of class and code.
    """

    accuracies: dict[str, float]
    purity: float
    shared: float


def accuracies(images: Tensor, classes: Tensor, max_steps: int, width: int) -> dict[str, float]:
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(100))
    held_out, rest = order[:NUM_HELD_OUT], order[NUM_HELD_OUT:]
    labels = classes[rest].masked_fill(torch.arange(len(rest)) >= NUM_LABELS, -1)
    labelled = rest[:NUM_LABELS]
    baseline = LogisticRegression(max_iter=1_000).fit(images[labelled].flatten(1), classes[labelled])
    found = {"logistic regression, labelled points": baseline.predict(images[held_out].flatten(1))}
    for name, techniques in (("adversarial generator", []), ("feature matching", [FeatureMatching()])):
        gan = SemiSupervisedGAN(techniques=techniques, max_steps=max_steps, width=width, seed=100)
        found[f"semi-supervised GAN, {name}"] = gan.fit(images[rest], labels=labels).predict(images[held_out])
    return {name: float((torch.as_tensor(guess) == classes[held_out]).double().mean()) for name, guess in found.items()}


def draw(gan: GAN, conditional: GAN, out: str) -> None:
    """Ten samples for each value of the code (left) and for each class (right)."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    values = torch.arange(10).repeat_interleave(10)
    source = torch.Generator().manual_seed(0)
    of_codes = gan.sample(100, generator=source, codes=values[:, None].float())
    of_classes = conditional.sample(100, generator=source, condition=values)
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 4.2))
    titles = ("a row per code (InfoGAN)", "a row per class (conditional GAN)")
    for axis, images, title in zip(axes, (of_codes, of_classes), titles, strict=True):
        framed = torch.nn.functional.pad(images, (1, 1, 1, 1))
        grid = framed.reshape(10, 10, 10, 10).transpose(1, 2).reshape(100, 100)
        axis.imshow(grid.numpy(), cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(title)
        axis.set_xticks([])
        axis.set_yticks(range(5, 100, 10), range(10))
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    pyplot.close(figure)


def main(max_steps: int = 1_500, width: int = 32, out: str = "digits_codes.png") -> Outcome:
    images, classes = digits()
    found = accuracies(images, classes, max_steps, width)
    print(f"accuracy on {NUM_HELD_OUT} held-out digits, {NUM_LABELS} of {len(images) - NUM_HELD_OUT} labelled")
    for name, accuracy in found.items():
        print(f"  {name:<42} {accuracy:6.1%}")

    # little noise beside the code, so that the code has to say what the digit is
    gan = InfoGAN(
        categorical=10, latent_dim=14, techniques=[InstanceNoise(0.5)], max_steps=max_steps, width=width, seed=100
    ).fit(images)
    codes = gan.recognise(images)[:, 0].long()
    table = confusion_matrix(classes, codes, labels=range(10))
    purity, shared = table.max(axis=0).sum() / len(images), normalized_mutual_info_score(classes, codes)
    information, entropy = float(gan.information_[0]), float(gan.conditioning.codes.entropies[0])
    print(f"class (down) against code (across), no labels: purity {purity:.2f}, mutual information {shared:.2f} (of 1)")
    print(f"  information of code and sample: {information:.2f} of {entropy:.2f} nats")
    for digit, row in enumerate(table):
        print(f"  {digit}:" + "".join(f"{count:5}" for count in row))

    conditional = ConditionalGAN(max_steps=max_steps, width=width, seed=100).fit(images, labels=classes)
    draw(gan, conditional, out)
    print(f"samples by code and by class: {out}")
    return Outcome(found, float(purity), float(shared))


if __name__ == "__main__":
    main(out=sys.argv[1] if len(sys.argv) > 1 else "digits_codes.png")
