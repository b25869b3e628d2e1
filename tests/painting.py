"""Small pictures in folders of classes, and a small net that can tell them apart."""

from pathlib import Path

import cv2
import numpy as np

COLORS = {"blue": (255, 30, 30), "green": (30, 255, 30), "red": (30, 30, 255)}

DEPLOY = """name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 6 kernel_size: 3 stride: 2 weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: AVE global_pooling: true } }
layer { name: "fc2" type: "InnerProduct" bottom: "pool1" top: "fc2"
  inner_product_param { num_output: 7 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "fc2" top: "prob" }
"""  # noqa: E501


def paint(path: Path, color: tuple[int, int, int], size: tuple[int, int] = (12, 10)) -> None:
    """Write a picture of one color, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((*size, 3), color, np.uint8))


def paint_classes(folder: Path, count: int, names: tuple[str, ...] = tuple(COLORS)) -> Path:
    """Write ``count`` pictures of each class, from dark to light."""
    for name in names:
        for number in range(count):
            shade = 0.6 + 0.4 * number / count
            b, g, r = (round(shade * value) for value in COLORS[name])
            paint(folder / name / f"{number}.png", (b, g, r))
    return folder
