"""The gradient of a weight as products of matrices: for each tap of the window one."""

from collections.abc import Iterable
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from netdef.engines.engine import Run, in_order
from netdef.engines.onednn.convolution import Convolutions
from netdef.engines.onednn.primitive import DST, SRC, WEIGHTS
from netdef.engines.onednn.sgemm import sgemm
from netdef.engines.threads import parts
from netdef.window import Window

Meeting = tuple[tuple[slice, ...], tuple[slice, ...]]
"""Pixels of the image that a tap meets, and the places at which it does."""


def meetings(window: Window, image: tuple[int, ...], places: tuple[int, ...]) -> list[Meeting]:
    """Return what each tap of a window meets, in order; none if a tap meets only padding."""
    found = []
    for tap in product(*map(range, window.kernel)):
        sides = []
        for i, at in enumerate(tap):
            step, shift = window.stride[i], at * window.dilation[i] - window.pad[i]
            first = max(0, -(shift // step))
            last = min(places[i] - 1, (image[i] - 1 - shift) // step)
            if last < first:
                return []
            met = slice(first * step + shift, last * step + shift + 1, step)
            sides.append((met, slice(first, last + 1)))
        mets, theirs = zip(*sides, strict=True)
        found.append((mets, theirs))
    return found


def lie_in_rows(*images: Any) -> bool:
    """True if all have the channels innermost: pixels are rows of a matrix."""
    return all(np.moveaxis(i, 1, -1).flags.c_contiguous for i in images)


class PixelProducts(Convolutions):
    """``dW[:, :, tap] += dY^T X``, over the pixels X that a tap meets and the places of dY.

    Where a tap meets all pixels of an image nothing is copied; else only what it meets is
    multiplied.
    """

    def by_pixels(self, x: Any, dy: Any, weight: Any, bias: Any, window: Window, group: int) -> Run:
        """Return what adds the gradients of the weight, and of the bias if there is one."""
        met = meetings(window, x.shape[2:], dy.shape[2:])
        filters = weight.reshape(group, len(weight) // group, *weight.shape[1:])
        is_one, shape = len(met) == 1, (group, *window.kernel, *filters.shape[1:3])
        sums = filters if is_one else self.scratch.take(shape, weight.dtype)
        groups: list[list[Any]] = [np.split(a, group, axis=1) for a in (x, dy)]
        cuts = zip(*met, strict=True)
        rooms = [self._room_for(g[0], cut) for g, cut in zip(groups, cuts, strict=True)]
        runs: list[Run | None] = []
        for image, errors, goals in zip(*groups, sums, strict=True):
            matrices = goals.reshape(len(met), *filters.shape[1:3])
            for (pixels, places), goal in zip(met, matrices, strict=True):
                both = image[(..., *pixels)], errors[(..., *places)]
                runs += self._product(both, rooms, goal, adds=is_one)
        if not is_one:
            lying = np.moveaxis(sums, (-2, -1), (1, 2))
            like = self.describe.like
            runs.append(self.reorder(like(lying), lying, like(filters), filters, adds=True))
        return in_order(*runs, *self._totals(dy, bias))

    def _product(
        self, both: tuple[Any, Any], rooms: list[Any], goal: Any, adds: bool
    ) -> list[Run | None]:
        """Return what copies two images where they are not matrices, and what multiplies them."""
        (pixels, copy), (errors, other) = map(self._as_rows, both, rooms)
        return [copy, other, self._multiply(errors, pixels, goal, adds)]

    def _multiply(self, a: Any, b: Any, out: Any, adds: bool) -> Run:
        """Return what sets ``out = a^T b``, or adds it; out is float32."""
        if a.dtype == np.float32:
            return sgemm(self.library, a, b, out, adds=adds, transposed=True)
        like = self.describe.like
        given = {SRC: (like(a.T), a), WEIGHTS: (like(b), b), DST: (like(out), out)}
        (first, _), (second, _), (goal, _) = given.values()
        attributes = self.describe.attributes(adds=adds)
        kernel = self.kernel("matmul", self.library.engine, first, second, None, goal, attributes)
        return self.bare(kernel, given)

    def _room_for(self, images: Any, cuts: Iterable[tuple[slice, ...]]) -> Any:
        """Return scratch memory for the largest of those cuts that must be copied."""
        parts_of = (images[(..., *cut)] for cut in cuts)
        sizes = [part.size for part in parts_of if not lie_in_rows(part)]
        return self.scratch.take((max(sizes, default=0),), images.dtype)

    def _as_rows(self, images: Any, room: Any) -> tuple[Any, Run | None]:
        """Return images as a matrix of their pixels, and what copies them for it if need be."""
        inner = np.moveaxis(images, 1, -1)
        if lie_in_rows(images):
            return inner.reshape(-1, inner.shape[-1]), None
        goal = room[: inner.size].reshape(inner.shape)
        shares = [
            partial(np.copyto, goal[p], inner[p]) for p in parts(len(goal), self.threads.count)
        ]
        return goal.reshape(-1, goal.shape[-1]), self.threads.together(shares)

    def _totals(self, dy: Any, bias: Any) -> list[Run]:
        """Return what adds the sums of all channels to the bias."""
        if bias is None:
            return []
        errors, _ = self._as_rows(dy, None)
        ones = self.scratch.take((len(errors), 1), dy.dtype)
        add = self._multiply(ones, errors, bias.reshape(1, -1), adds=True)
        return [partial(ones.fill, 1), add]
