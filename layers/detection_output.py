"""Locations and scores of prior boxes to a list of detections."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdef.detection import Selection, decode, detections
from netdef.errors import FieldError, ShapeError
from netdef.layer import Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.proto import NonMaximumSuppressionParameter, SaveOutputParameter
from netdef.shape import Shape


class DetectionOutput(Layer, message="detection_output_param"):
    """List the boxes that score best and do not overlap (SSD, Liu 2016).

    Locations are decoded by ``code_type``: see ``netdef.detection.decode``. In each image
    and class but ``background_label_id``, boxes that score above ``confidence_threshold``
    are taken, the best ``nms_param.top_k`` of them, and each is dropped that overlaps a
    better one by more than ``nms_param.nms_threshold``; of an image's boxes the best
    ``keep_top_k`` are left. The list is the only output: where SSD would write or draw it
    (``save_output_param``, ``visualize``, ``visualize_threshold``, ``save_file``) is read, and
    nothing is done.

    Shapes:
        location: ``(N, P 4)``, or ``(N, P classes 4)`` unless ``share_location``; any axes
            after the first.
        score: ``(N, P classes)``.
        prior: ``(1, 2, P 4)``, boxes and variances, from PriorBox.
        y: ``(1, 1, K, 7)``, K detections, each the number of the image, class, score, xmin,
            ymin, xmax, ymax. If there are none in the batch, a row for each image with its
            number and six times -1.

    Raises:
        FieldError: ``num_classes`` is missing, or ``background_label_id`` is none of them.
        ShapeError: the bottoms do not fit together.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("location", "score", "prior")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"location", "score", "prior"})

    num_classes: int = field(at_least=1)
    share_location: bool
    background_label_id: int = field(at_least=-1)
    nms_param: NonMaximumSuppressionParameter
    save_output_param: SaveOutputParameter
    code_type: str
    variance_encoded_in_target: bool
    keep_top_k: int = field(at_least=-1)
    confidence_threshold: float
    visualize: bool
    visualize_threshold: float
    save_file: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.background_label_id >= self.num_classes:
            raise FieldError(
                f"background_label_id {self.background_label_id} is none of the"
                f" {self.num_classes} classes 0 to {self.num_classes - 1}"
            )
        nms = self.nms_param
        if nms.nms_threshold < 0 or not 0 < nms.eta <= 1:
            raise FieldError("nms_threshold must be at least 0, and eta more than 0 and at most 1")

    def infer(self, location: Shape, score: Shape, prior: Shape) -> Signature:
        if len(prior) != 3 or prior[1] != 2 or prior[2] % 4:
            raise ShapeError(f"its third bottom {prior} is not (1, 2, P 4), as PriorBox makes it")
        items, boxes = location[0], prior[2] // 4
        classes = 1 if self.share_location else self.num_classes
        if location.size != items * boxes * classes * 4:
            raise ShapeError(
                f"{boxes} prior boxes need locations of {boxes * classes * 4} numbers, but the"
                f" first bottom is {location}"
            )
        if score.size != items * boxes * self.num_classes:
            raise ShapeError(
                f"{boxes} prior boxes need {boxes * self.num_classes} scores of"
                f" {self.num_classes} classes, but the second bottom is {score}"
            )
        return Signature([Shape((1, 1, max(1, self._most(boxes)) * items, 7))])

    def _most(self, boxes: int) -> int:
        """Return how many detections an image can have."""
        each = boxes if self._selection.top_k < 0 else min(boxes, self._selection.top_k)
        found = each * (self.num_classes - (self.background_label_id >= 0))
        return found if self.keep_top_k < 0 else min(found, self.keep_top_k)

    @property
    def _selection(self) -> Selection:
        nms = self.nms_param
        top_k = nms.top_k if nms.HasField("top_k") else -1
        return Selection(self.confidence_threshold, top_k, nms.nms_threshold, nms.eta)

    def forward(self, ops: Ops, location: Array, score: Array, prior: Array, y: Array) -> None:
        ops.produce(partial(_detect, self), location, score, prior, out=(y,))

    def detect(
        self, location: NDArray[Any], score: NDArray[Any], prior: NDArray[Any]
    ) -> NDArray[np.float32]:
        """Return the list ``(1, 1, K, 7)`` of detections in a batch."""
        items = len(location)
        priors, variances = prior.reshape(2, -1, 4)
        if self.variance_encoded_in_target:
            variances = np.ones_like(variances)
        shape = (items, len(priors), 1 if self.share_location else self.num_classes, 4)
        locations = location.reshape(shape).transpose(0, 2, 1, 3)
        scores = score.reshape(items, len(priors), self.num_classes)
        rows = []
        for i in range(items):
            boxes = decode(locations[i], priors, variances, self.code_type)
            limits = (self._selection, self.background_label_id, self.keep_top_k)
            found = detections(boxes, scores[i], *limits)
            rows.append(np.concatenate([np.full((len(found), 1), i), found], axis=1))
        listed = np.concatenate(rows)
        if not len(listed):
            listed = np.full((items, 7), -1)
            listed[:, 0] = range(items)
        return listed[None, None].astype(np.float32)


def _detect(layer: DetectionOutput, *bottoms: NDArray[Any]) -> tuple[NDArray[np.float32]]:
    return (layer.detect(*bottoms),)
