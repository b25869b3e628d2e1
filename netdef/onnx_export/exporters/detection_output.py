"""Detections: boxes decoded, and NonMaxSuppression for each class of each image."""

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_export.part import Part, exports

_ROW = 7
"""The numbers of a detection: image, class, score, xmin, ymin, xmax, ymax."""


@exports("DetectionOutput")
def detection_output(part: Part) -> None:
    """The boxes that score best and do not overlap.

    ONNX's operator takes one set of boxes for all classes: here each class of each image
    counts as an image of its own, with its ``top_k`` best boxes.

    Raises:
        ConfigError: ``nms_param.eta`` is less than 1.
    """
    layer = part.layer
    nms = layer.nms_param
    if nms.eta < 1:
        raise ConfigError(f"nms_param.eta {nms.eta:g} has no operator in ONNX; only 1 has")
    labels = [i for i in range(layer.num_classes) if i != layer.background_label_id]
    boxes, scores = _boxes(part, labels), _scores(part, labels)
    count = part.bottom_shapes[2][2] // 4
    if nms.HasField("top_k") and 0 <= nms.top_k < count:
        count = nms.top_k
        scores, best = part.several("TopK", [scores, [count]], [None, None], axis=2)
        best = part.reshape(best, (0, -1, 1))
        boxes = part.add("GatherND", boxes, best, batch_dims=1)
    limits: list[np.ndarray | float | str] = [np.array([count]), float(nms.nms_threshold)]
    if layer.confidence_threshold is not None:
        limits.append(float(layer.confidence_threshold))
    chosen = part.add("NonMaxSuppression", _unturned(part, boxes), scores, *limits)
    rows = _rows(part, labels, boxes, scores, chosen)
    if layer.keep_top_k >= 0:
        rows = _best_of_each_image(part, rows)
    part.reshape(_or_nothing(part, rows), (1, 1, -1, _ROW), to=part.y)
    part.body.varying.add(part.y)


def _boxes(part: Part, labels: list[int]) -> str:
    """Return the boxes of each class of each image, (N classes, P, 4)."""
    layer, items, count = part.layer, part.x_shape[0], part.bottom_shapes[2][2] // 4
    sets = 1 if layer.share_location else layer.num_classes
    step = part.add("Transpose", part.reshape(part.x, (items, count, sets, 4)), perm=[0, 2, 1, 3])
    pair = part.reshape(part.bottoms[2], (2, count, 4))
    prior, variance = part.several("Split", [pair, [1, 1]], [None, None], axis=0)
    if not layer.variance_encoded_in_target:
        step = part.add("Mul", step, variance)
    boxes = _decoded(part, step, prior)
    if layer.share_location:
        boxes = part.add("Expand", boxes, [1, len(labels), 1, 1])
    else:
        boxes = part.add("Gather", boxes, labels, axis=1)
    return part.reshape(boxes, (items * len(labels), count, 4))


def _decoded(part: Part, step: str, prior: str) -> str:
    """Return the boxes that steps from priors lead to: see ``netdef.detection.decode``."""
    low, high = part.several("Split", [prior, [2, 2]], [None, None], axis=-1)
    sides, code = part.add("Sub", high, low), part.layer.code_type
    if code != "CENTER_SIZE":
        if code == "CORNER_SIZE":
            step = part.add("Mul", step, part.add("Concat", sides, sides, axis=-1))
        return part.add("Add", prior, step)
    move, grow = part.several("Split", [step, [2, 2]], [None, None], axis=-1)
    middle = part.add("Mul", part.add("Add", low, high), 0.5)
    centre = part.add("Add", middle, part.add("Mul", move, sides))
    half = part.add("Mul", part.add("Mul", part.add("Exp", grow), sides), 0.5)
    ends = part.add("Sub", centre, half), part.add("Add", centre, half)
    return part.add("Concat", *ends, axis=-1)


def _unturned(part: Part, boxes: str) -> str:
    """Return boxes that cover nothing where they are turned inside out.

    ONNX's operator would turn them back. Sides that are exponentials cannot be negative.
    """
    if part.layer.code_type == "CENTER_SIZE":
        return boxes
    low, high = part.several("Split", [boxes, [2, 2]], [None, None], axis=-1)
    return part.add("Concat", low, part.add("Max", low, high), axis=-1)


def _scores(part: Part, labels: list[int]) -> str:
    """Return the scores of each class of each image, (N classes, 1, P)."""
    items, count = part.x_shape[0], part.bottom_shapes[2][2] // 4
    scores = part.reshape(part.bottoms[1], (items, count, part.layer.num_classes))
    turned = part.add("Transpose", scores, perm=[0, 2, 1])
    chosen = part.add("Gather", turned, labels, axis=1)
    return part.reshape(chosen, (items * len(labels), 1, count))


def _rows(part: Part, labels: list[int], boxes: str, scores: str, chosen: str) -> str:
    """Return a row for each chosen box, (K, 7); ``chosen`` numbers set, 0 and box."""
    count = np.array([len(labels)])
    number = part.add("Gather", chosen, [0], axis=1)
    place = part.add("Gather", chosen, [0, 2], axis=1)
    image = part.cast(part.add("Div", number, count), "float")
    label = part.add("Gather", labels, part.add("Mod", number, count), axis=0)
    score = part.add("Unsqueeze", part.add("GatherND", scores, chosen), [1])
    box = part.add("GatherND", boxes, place)
    return part.add("Concat", image, part.cast(label, "float"), score, box, axis=1)


def _best_of_each_image(part: Part, rows: str) -> str:
    """Keep the ``keep_top_k`` rows of each image with the best scores, in the order they have."""
    kept = []
    image = part.reshape(part.add("Gather", rows, [0], axis=1), (-1,))
    for i in range(part.x_shape[0]):
        own = part.add("Compress", rows, part.add("Equal", image, float(i)), axis=0)
        score = part.reshape(part.add("Gather", own, [2], axis=1), (-1,))
        most = part.add("Min", part.add("Shape", score), [part.layer.keep_top_k])
        _, best = part.several("TopK", [score, most], [None, None])
        order, _ = part.several("TopK", [best, most], [None, None], largest=0)
        kept.append(part.add("Gather", own, order, axis=0))
    return part.add("Concat", *kept, axis=0)


def _or_nothing(part: Part, rows: str) -> str:
    """Return the rows, or if there are none a row for each image that says so."""
    items = part.x_shape[0]
    none = np.full((items, _ROW), -1, np.float32)
    none[:, 0] = range(items)
    count = part.add("Slice", part.add("Shape", rows), [0], [1])
    end = part.add("Where", part.add("Equal", count, [0]), [items], count)
    return part.add("Slice", part.add("Concat", rows, none, axis=0), [0], end, [0])
