"""The nets S, M and D of paso-speed, in PyTorch."""
from torch import nn

CLASSES = 3
SIDE = {"S": 64, "M": 128, "D": 128}


class Residual(nn.Module):
    def __init__(self, main, shortcut):
        super().__init__()
        self.main, self.shortcut = nn.Sequential(*main), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.main(x) + self.shortcut(x)


def normalized(inputs, outputs, kernel=3, stride=1, groups=1):
    """A convolution without a bias, and its batch norm."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


def relu():
    return nn.ReLU(inplace=True)


def plain():
    layers, channels = [], 3
    for outputs in (16, 32, 64, 128):
        layers += [*normalized(channels, outputs), relu(), nn.MaxPool2d(2)]
        channels = outputs
    return layers, channels


def residual():
    layers, channels = [*normalized(3, 32, stride=2), relu()], 32
    for stage, outputs in enumerate((32, 64, 128, 256)):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            main = [*normalized(channels, outputs, stride=stride), relu(), *normalized(outputs, outputs)]
            same = stride == 1 and channels == outputs
            shortcut = [] if same else normalized(channels, outputs, 1, stride)
            layers += [Residual(main, shortcut), relu()]
            channels = outputs
    return layers, channels


def depthwise():
    layers, channels = [*normalized(3, 16, stride=2), relu()], 16
    for outputs, stride in ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        layers += [*normalized(channels, channels, 3, stride, channels), relu(), *normalized(channels, outputs, 1), relu()]
        channels = outputs
    return layers, channels


def net(name):
    """The net; four numbers of a box and the classes come out."""
    layers, channels = {"S": plain, "M": residual, "D": depthwise}[name]()
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if name == "M":
        layers.append(nn.Linear(channels, 4 + CLASSES))
    else:
        layers += [nn.Linear(channels, 64), nn.ReLU(), nn.Linear(64, 4 + CLASSES)]
    return nn.Sequential(*layers)
