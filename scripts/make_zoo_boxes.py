"""The net of the zoo that finds objects: SSD."""

from dataclasses import dataclass

from make_zoo_writer import ZooWriter

_CLASSES = 21


@dataclass(frozen=True)
class _Boxes:
    """The boxes around each pixel of one layer."""

    layer: str
    step: int
    min_size: int
    max_size: int
    aspects: tuple[int, ...]

    @property
    def count(self) -> int:
        return 2 + 2 * len(self.aspects)


_SOURCES = (
    _Boxes("conv4_3_norm", 8, 30, 60, (2,)),
    _Boxes("fc7", 16, 60, 111, (2, 3)),
    _Boxes("conv6_2", 32, 111, 162, (2, 3)),
    _Boxes("conv7_2", 64, 162, 213, (2, 3)),
    _Boxes("conv8_2", 100, 213, 264, (2,)),
    _Boxes("conv9_2", 300, 264, 315, (2,)),
)


def ssd300(net: ZooWriter) -> None:
    """SSD (Liu et al. 2016) on VGG-16 for images of 300x300 pixels: the 20 kinds of VOC objects."""
    x = net.input("data", 1, 3, 300, 300)
    for stage, (filters, depth) in enumerate(
        ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1
    ):
        for i in range(1, depth + 1):
            x = net.conv(f"conv{stage}_{i}", x, filters, kernel=3, pad=1)
            x = net.relu(f"relu{stage}_{i}", x)
        if stage < 5:
            x = net.pool(f"pool{stage}", x, "MAX", kernel=2, stride=2)
    x = net.pool("pool5", x, "MAX", kernel=3, stride=1, pad=1)
    x = net.relu("relu6", net.conv("fc6", x, 1024, kernel=3, pad=6, dilation=6))
    x = net.relu("relu7", net.conv("fc7", x, 1024, kernel=1))
    for n, narrow, wide, stride in ((6, 256, 512, 2), (7, 128, 256, 2), (8, 128, 256, 1),
                                    (9, 128, 256, 1)):  # fmt: skip
        x = net.relu(f"conv{n}_1_relu", net.conv(f"conv{n}_1", x, narrow, kernel=1))
        x = net.conv(f"conv{n}_2", x, wide, kernel=3, stride=stride, pad=stride - 1)
        x = net.relu(f"conv{n}_2_relu", x)
    norm = "norm_param { across_spatial: false channel_shared: false }"
    net.add("Normalize", "conv4_3_norm", ["conv4_3"], norm)
    _detect(net)


def _detect(net: ZooWriter) -> None:
    locations = [_flat(net, f"{b.layer}_mbox_loc", b.layer, 4 * b.count) for b in _SOURCES]
    scores = [_flat(net, f"{b.layer}_mbox_conf", b.layer, _CLASSES * b.count) for b in _SOURCES]
    location = net.concat("mbox_loc", locations)
    score = net.concat("mbox_conf", scores)
    shape = f"reshape_param {{ shape {{ dim: 0 dim: -1 dim: {_CLASSES} }} }}"
    score = net.add("Reshape", "mbox_conf_reshape", [score], shape)
    score = net.add("Softmax", "mbox_conf_softmax", [score], "softmax_param { axis: 2 }")
    score = net.add("Flatten", "mbox_conf_flatten", [score], "flatten_param { axis: 1 }")
    priors = [_priors(net, boxes) for boxes in _SOURCES]
    prior = net.add("Concat", "mbox_priorbox", priors, "concat_param { axis: 2 }")
    body = f"""detection_output_param {{
  num_classes: {_CLASSES} code_type: CENTER_SIZE
  nms_param {{ nms_threshold: 0.45 top_k: 400 }}
  keep_top_k: 200 confidence_threshold: 0.01
}}"""
    net.add("DetectionOutput", "detection_out", [location, score, prior], body)


def _flat(net: ZooWriter, name: str, x: str, filters: int) -> str:
    x = net.conv(name, x, filters, kernel=3, pad=1)
    order = "permute_param { order: 0 order: 2 order: 3 order: 1 }"
    x = net.add("Permute", f"{name}_perm", [x], order)
    return net.add("Flatten", f"{name}_flat", [x], "flatten_param { axis: 1 }")


def _priors(net: ZooWriter, boxes: _Boxes) -> str:
    aspects = " ".join(f"aspect_ratio: {a}" for a in boxes.aspects)
    body = f"""prior_box_param {{
  min_size: {boxes.min_size} max_size: {boxes.max_size} {aspects} flip: true clip: false
  variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2 step: {boxes.step} offset: 0.5
}}"""
    return net.add("PriorBox", f"{boxes.layer}_mbox_priorbox", [boxes.layer, "data"], body)
