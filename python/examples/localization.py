"""An image-localization network: one box per image. Its features are torchvision's where that is installed and has
its weights (python examples/localization.py --pretrained), and small ones trained from the start elsewhere.
"""

import argparse

import paso_ml
import torch
from torch import nn


def features(pretrained: bool) -> tuple[nn.Module, int]:
    """The features and their channels."""
    if pretrained:
        from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

        net = squeezenet1_1(weights=SqueezeNet1_1_Weights.DEFAULT).features
        return net.requires_grad_(False), 512
    layers: list[nn.Module] = []
    for channels in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(*channels, 3, 2, 1), nn.BatchNorm2d(channels[1]), nn.ReLU()]
    return nn.Sequential(*layers), 64


class Localizer(nn.Module):
    """Where a bright square is, and how large: center and size, in [0, 1]."""

    def __init__(self, pretrained: bool) -> None:
        super().__init__()
        self.features, channels = features(pretrained)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * channels, 4), nn.Sigmoid())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))


def batch(count: int, stream: torch.Generator, size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Images of noise with a bright square, and its box."""
    images = 0.3 * torch.rand(count, 3, size, size, generator=stream)
    side = torch.randint(size // 8, size // 2, (count,), generator=stream)
    corner = (torch.rand(count, 2, generator=stream) * (size - side[:, None])).long()
    for i in range(count):
        (x, y), s = corner[i], side[i]
        images[i, :, y : y + s, x : x + s] += 0.6
    boxes = torch.cat([corner + side[:, None] / 2, side[:, None].expand(-1, 2)], 1) / size
    return images, boxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pretrained", action="store_true")
    parser.add_argument("--steps", type=int, default=150)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model = Localizer(arguments.pretrained)
    optimizer = paso_ml.AdamW((p for p in model.parameters() if p.requires_grad), clip_norm=1.0)
    schedule = paso_ml.Schedule("warmup(5%) then cosine(to 1%)", lr=3e-3, steps=arguments.steps)
    scheduler = schedule.torch(optimizer)
    stream = torch.Generator().manual_seed(1)
    for step in range(arguments.steps):
        images, boxes = batch(16, stream)
        optimizer.zero_grad()
        loss = nn.functional.smooth_l1_loss(model(images), boxes)
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 50 == 0 or step + 1 == arguments.steps:
            print(f"step {step}: learning rate {schedule(step):.1e}, loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
