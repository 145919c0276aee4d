"""Prints the CycleGAN steps a second of plain PyTorch. compare_pytorch.py runs it; it needs only torch.

The networks are ResNet generators and PatchGAN discriminators with InstanceNorm, the losses LSGAN and the cycle's MSE.
The code is written like most CycleGAN code: no image pool, no compilation, eager steps.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(width, width, 3), conv(width, width, 3, relu=False))

    def forward(self, x: Any) -> Any:
        """(n, width, h, w) to the same."""
        return x + self.body(x)


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, relu: bool = True) -> Any:
    """Build a convolution with InstanceNorm and, with `relu`, ReLU."""
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.InstanceNorm2d(outputs, affine=True),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


def generator(filters: int, blocks: int) -> Any:
    """Build a generator: (n, 3, h, w) in -1..1 to the same."""
    return nn.Sequential(
        conv(3, filters, 7),
        conv(filters, 2 * filters, 3, 2),
        conv(2 * filters, 4 * filters, 3, 2),
        *[Block(4 * filters) for _ in range(blocks)],
        nn.Upsample(scale_factor=2, mode="bilinear"),
        conv(4 * filters, 2 * filters, 3),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        conv(2 * filters, filters, 3),
        nn.Conv2d(filters, 3, 7, padding=3),
        nn.Tanh(),
    )


def discriminator(filters: int) -> Any:
    """Build a discriminator: (n, 3, h, w) in -1..1 to a score for each patch."""
    layers: list[Any] = [nn.Conv2d(3, filters, 4, 2, 1), nn.LeakyReLU(0.2)]
    for factor in (2, 4):
        width = factor * filters
        layers += [nn.Conv2d(width // 2, width, 4, 2, 1), nn.InstanceNorm2d(width, affine=True), nn.LeakyReLU(0.2)]
    width = 8 * filters
    layers += [nn.Conv2d(width // 2, width, 4, 1, "same", bias=False), nn.InstanceNorm2d(width, affine=True)]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Conv2d(width, 1, 4, 1, "same"))


class CycleGAN:
    """Both generators and discriminators, their optimizers, and the average of the generators."""

    def __init__(self, filters: int, blocks: int, patch_filters: int) -> None:
        self.gen_ab, self.gen_ba = generator(filters, blocks), generator(filters, blocks)
        self.disc_a, self.disc_b = discriminator(patch_filters), discriminator(patch_filters)
        self._generators = [*self.gen_ab.parameters(), *self.gen_ba.parameters()]
        self._discriminators = [*self.disc_a.parameters(), *self.disc_b.parameters()]
        self._average = [parameter.detach().clone() for parameter in self._generators]
        self._gen_adam, self._disc_adam = (
            torch.optim.Adam(parameters, 2e-4, (0.5, 0.999)) for parameters in (self._generators, self._discriminators)
        )

    def step(self, a: Any, b: Any) -> list[float]:
        """Train once on a batch of each domain, (n, 3, h, w) in -1..1; returns the losses of both sides."""
        for parameter in self._discriminators:
            parameter.requires_grad_(False)
        fake_b, fake_a = self.gen_ab(a), self.gen_ba(b)
        cycle = functional.mse_loss(self.gen_ba(fake_b), a) + functional.mse_loss(self.gen_ab(fake_a), b)
        loss = towards(self.disc_b(fake_b), 1) + towards(self.disc_a(fake_a), 1) + 10 * cycle
        self._gen_adam.zero_grad()
        loss.backward()
        self._gen_adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._generators, 0.001)
        for parameter in self._discriminators:
            parameter.requires_grad_(True)
        pairs = ((self.disc_a, a, fake_a), (self.disc_b, b, fake_b))
        against = 0.5 * sum(towards(judge(real), 1) + towards(judge(fake.detach()), 0) for judge, real, fake in pairs)
        self._disc_adam.zero_grad()
        against.backward()
        self._disc_adam.step()
        return [loss.item(), against.item()]


def towards(scores: Any, target: float) -> Any:
    """Return the least-squares loss of a discriminator's scores (Mao et al. 2017)."""
    return (scores - target).square().mean()


def main() -> None:
    """Time the steps and print the rate as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("size", 64), ("batch", 4), ("filters", 32), ("blocks", 6), ("patch-filters", 64)):
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=12, help="default: %(default)s")
    parser.add_argument("--warm-up", type=int, default=3, help="steps before the measurement (default: %(default)s)")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    model = CycleGAN(arguments.filters, arguments.blocks, arguments.patch_filters)
    a, b = torch.rand(2, arguments.batch, 3, arguments.size, arguments.size) * 2 - 1
    for _ in range(arguments.warm_up):
        model.step(a, b)
    start_s = time.perf_counter()
    for _ in range(arguments.steps):
        model.step(a, b)
    print(json.dumps(arguments.steps / (time.perf_counter() - start_s)))


if __name__ == "__main__":
    main()
