#!/usr/bin/env python3
"""Makes train_reference.json: losses of the first steps of nets S, M and D in PyTorch, in float64.

Weights, images and targets follow a formula (`noise`), so that no array need be stored: paso-speed makes the same
ones and compares its losses before it times anything.

    python train_reference.py > train_reference.json        # needs torch and numpy
"""
import json, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

BATCH, STEPS, CLASSES = 4, 4, 3


def noise(seed, n):
    """n numbers in [-1, 1): a 32-bit integer hash of the index."""
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + seed * 2246822519) & 0xFFFFFFFF
    h ^= h >> 16
    h = (h * 0x45D9F3B) & 0xFFFFFFFF
    h ^= h >> 16
    return h.astype(np.float64) / 2**31 - 1.0


class Residual(nn.Module):
    def __init__(self, main, shortcut):
        super().__init__()
        self.main, self.shortcut = nn.Sequential(*main), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.main(x) + self.shortcut(x)


def conv(i, o, k=3, stride=1, groups=1):
    return [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]


def net(name):
    layers = []
    if name == "S":
        c = 3
        for o in (16, 32, 64, 128):
            layers += conv(c, o) + [nn.ReLU(), nn.MaxPool2d(2)]
            c = o
    elif name == "M":
        layers, c = conv(3, 32, stride=2) + [nn.ReLU()], 32
        for stage, o in enumerate((32, 64, 128, 256)):
            for block in range(2):
                s = 2 if block == 0 and stage > 0 else 1
                shortcut = [] if s == 1 and c == o else conv(c, o, 1, s)
                layers += [Residual(conv(c, o, 3, s) + [nn.ReLU()] + conv(o, o), shortcut), nn.ReLU()]
                c = o
    else:
        layers = conv(3, 16, stride=2) + [nn.ReLU()]
        c = 16
        for o, s in ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
            layers += conv(c, c, 3, s, groups=c) + [nn.ReLU()] + conv(c, o, 1) + [nn.ReLU()]
            c = o
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    layers += [nn.Linear(c, 4 + CLASSES)] if name == "M" else [nn.Linear(c, 64), nn.ReLU(), nn.Linear(64, 4 + CLASSES)]
    return nn.Sequential(*layers).double()


def losses(name):
    side, model = {"S": 64, "M": 128, "D": 128}[name], net(name)
    with torch.no_grad():
        for seed, p in enumerate(model.parameters()):
            if p.dim() == 4:  # [out, in, h, w], filled as [h, w, in, out]
                o, i, h, w = p.shape
                p.copy_(torch.from_numpy(noise(seed, p.numel()) * (6 / (i * h * w)) ** 0.5).reshape(h, w, i, o).permute(3, 2, 0, 1))
            elif p.dim() == 2:  # [out, in], filled as [in, out]
                o, i = p.shape
                p.copy_(torch.from_numpy(noise(seed, p.numel()) * (1 / i) ** 0.5).reshape(i, o).T)
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                layer.bias.zero_()
    x = torch.from_numpy(noise(1000, BATCH * side * side * 3)).reshape(BATCH, side, side, 3).permute(0, 3, 1, 2)
    boxes = torch.from_numpy(noise(1001, BATCH * 4)).reshape(BATCH, 4)
    classes = torch.arange(BATCH) % CLASSES
    adam, out = torch.optim.Adam(model.parameters(), lr=1e-3), []
    for _ in range(STEPS):
        y = model(x)
        loss = F.smooth_l1_loss(y[:, :4], boxes) + F.cross_entropy(y[:, 4:], classes)
        adam.zero_grad()
        loss.backward()
        adam.step()
        out.append(loss.item())
    model.eval()
    return {"losses": out, "eval": model(x)[0].tolist()}


json.dump({"library": "torch", "version": torch.__version__, **{n: losses(n) for n in "SMD"}}, sys.stdout, indent=1)
print()
