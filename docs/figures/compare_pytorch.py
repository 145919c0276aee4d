"""Steps a second of face_toon_64's CycleGAN here and in plain PyTorch: same networks, batch, losses, cores.

    python docs/figures/compare_pytorch.py --torch-python /path/to/venv/bin/python

Rounds alternate, each in a fresh process on made-up pictures, since both frameworks take all cores. The PyTorch side
is what one would write by hand: no image pool on the device, no compilation; eager steps, as most CycleGAN code runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

STEPS, WARM_UP = 12, 3
SIZE_PX, BATCH, FILTERS, BLOCKS = 64, 4, 32, 6


def kit() -> float:
    """Steps a second of the kit's own compiled step, EMA and image pool included."""
    from facetoon.training.engine.backend import select_backend

    select_backend("tensorflow")
    import numpy as np
    from facetoon.training.recipes.recipe import load_recipe
    from facetoon.training.trainers.cyclegan_trainer import CycleGAN

    model = CycleGAN(load_recipe("face_toon_64"))
    random = np.random.default_rng(1)
    a, b = random.uniform(-1, 1, (2, BATCH, SIZE_PX, SIZE_PX, 3)).astype("float32")
    return timed(lambda index: model.step(index, a, b))


def pytorch() -> float:
    """The same in PyTorch: ResNet-6 generators, 3-layer PatchGANs, LSGAN, cycle MSE, EMA, Adam."""
    import torch
    from torch import nn
    from torch.nn import functional

    def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
        layers = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
        ]
        return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.body = nn.Sequential(conv(width, width, 3), conv(width, width, 3, relu=False))

        def forward(self, x):
            return x + self.body(x)

    def generator() -> nn.Module:
        f = FILTERS
        up = lambda: nn.Upsample(scale_factor=2, mode="bilinear")  # noqa: E731
        return nn.Sequential(
            conv(3, f, 7), conv(f, 2 * f, 3, 2), conv(2 * f, 4 * f, 3, 2), *[Block(4 * f) for _ in range(BLOCKS)],
            up(), conv(4 * f, 2 * f, 3), up(), conv(2 * f, f, 3), nn.Conv2d(f, 3, 7, padding=3), nn.Tanh(),
        )  # fmt: skip

    def discriminator() -> nn.Module:
        norm = lambda width: nn.InstanceNorm2d(width, affine=True)  # noqa: E731
        return nn.Sequential(
            nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 4, 2, 1), norm(128), nn.LeakyReLU(0.2),
            nn.Conv2d(128, 256, 4, 2, 1), norm(256), nn.LeakyReLU(0.2),
            nn.Conv2d(256, 512, 4, 1, "same", bias=False), norm(512), nn.LeakyReLU(0.2),
            nn.Conv2d(512, 1, 4, 1, "same"),
        )  # fmt: skip

    torch.manual_seed(1)
    gen_ab, gen_ba, disc_a, disc_b = generator(), generator(), discriminator(), discriminator()
    generators = [*gen_ab.parameters(), *gen_ba.parameters()]
    discriminators = [*disc_a.parameters(), *disc_b.parameters()]
    average = [parameter.detach().clone() for parameter in generators]
    optimizers = [torch.optim.Adam(p, 2e-4, (0.5, 0.999)) for p in (generators, discriminators)]
    a, b = torch.rand(2, BATCH, 3, SIZE_PX, SIZE_PX) * 2 - 1

    def towards(scores, target: float):
        return (scores - target).square().mean()

    def step(index: int) -> list[float]:
        for parameter in discriminators:
            parameter.requires_grad_(False)
        fake_b, fake_a = gen_ab(a), gen_ba(b)
        cycle = functional.mse_loss(gen_ba(fake_b), a) + functional.mse_loss(gen_ab(fake_a), b)
        loss = towards(disc_b(fake_b), 1) + towards(disc_a(fake_a), 1) + 10 * cycle
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        with torch.no_grad():
            torch._foreach_lerp_(average, generators, 0.001)
        for parameter in discriminators:
            parameter.requires_grad_(True)
        against = 0.5 * sum(
            towards(d(real), 1) + towards(d(fake.detach()), 0)
            for d, real, fake in ((disc_a, a, fake_a), (disc_b, b, fake_b))
        )
        optimizers[1].zero_grad()
        against.backward()
        optimizers[1].step()
        return [loss.item(), against.item()]

    return timed(step)


def timed(step) -> float:
    for index in range(WARM_UP):
        step(index)
    started_s = time.perf_counter()
    for index in range(STEPS):
        step(index)
    return STEPS / (time.perf_counter() - started_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch (default: this one)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=("kit", "pytorch"), help="one measurement, in this process")
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps({"kit": kit, "pytorch": pytorch}[arguments.side]()))
        return
    if subprocess.run([arguments.torch_python, "-c", "import torch"], capture_output=True).returncode:
        sys.exit(f"{arguments.torch_python} has no torch: name a Python that has it with --torch-python.")
    rates: dict[str, list[float]] = {"kit": [], "pytorch": []}
    for _ in range(arguments.rounds):
        for side, python in (("kit", sys.executable), ("pytorch", arguments.torch_python)):
            done = subprocess.run([python, __file__, "--side", side], capture_output=True, text=True, check=True)
            rates[side].append(json.loads(done.stdout.splitlines()[-1]) * BATCH)
    for side, values in rates.items():
        print(f"{side}: {statistics.median(values):.2f} pairs/s (least {min(values):.2f}, most {max(values):.2f})")
    ratios = [a / b for a, b in zip(rates["kit"], rates["pytorch"], strict=True)]
    print(f"kit / pytorch: median {statistics.median(ratios):.2f} (least {min(ratios):.2f}, most {max(ratios):.2f})")


if __name__ == "__main__":
    main()
