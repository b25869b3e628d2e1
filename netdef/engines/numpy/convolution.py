"""Convolution as matrix products over unfolded windows.

With images as ``(C, *S, N)``, the windows of some rows of the output unfold into a matrix
``(C * kernel, rows * N)`` in long contiguous copies, and one product with the weight
makes those rows for the whole batch. The matrix is made block by block, so that it stays
in the cache and takes little memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.engines.engine import Run
from netdef.engines.numpy.images import Images, kernel_places
from netdef.window import Window

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class _Block:
    """Some rows of the output: where their windows lie, and their matrix."""

    rows: slice
    columns: slice
    windows: Any
    matrix: Any


class Convolutions(Images):
    """The primitives ``conv``, ``conv_grad_x`` and ``conv_grad_weight``."""

    def conv(self, x: Any, weight: Any, bias: Any, out: Any, *, window: Window, group: int) -> Run:
        if _is_depthwise(weight, group):
            return self._conv_depthwise(x, weight, bias, out, window)
        room, fill = self.padded(x, window.pad)
        y, finish = self._target(out)
        filters = weight.reshape(group, weight.shape[0] // group, -1)
        tall = None if bias is None else bias.reshape(group, -1, 1)
        unfold, multiply, add = self.xp.copyto, self.xp.matmul, self.xp.add
        steps = [
            (
                block,
                [
                    (filters[g], _rows(block.matrix, g, group), _rows(y2, g, group), g)
                    for g in range(group)
                ],
            )
            for block in self._blocks(room, window, y.shape[1:-1])
            for y2 in [y.reshape(y.shape[0], -1)[:, block.columns]]
        ]

        def run() -> None:
            if fill:
                fill()
            for block, products in steps:
                if block.windows is not None:
                    unfold(*block.windows)
                for w, matrix, target, g in products:
                    multiply(w, matrix, out=target)
                    if tall is not None:
                        add(target, tall[g], out=target)
            if finish:
                finish()

        return run

    def conv_grad_weight(self, x: Any, dy: Any, add_to: Any, *, window: Window, group: int) -> Run:
        if _is_depthwise(add_to, group):
            return self._conv_depthwise_grad_weight(x, dy, add_to, window)
        room, fill = self.padded(x, window.pad)
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        errors = error.reshape(error.shape[0], -1)
        target = add_to.reshape(group, add_to.shape[0] // group, -1)
        product = self.scratch.take(target.shape[1:], target.dtype)
        unfold, multiply, add = self.xp.copyto, self.xp.matmul, self.xp.add
        steps = [
            (
                block,
                [
                    (
                        _rows(errors[:, block.columns], g, group),
                        _rows(block.matrix, g, group).T,
                        target[g],
                    )
                    for g in range(group)
                ],
            )
            for block in self._blocks(room, window, error.shape[1:-1])
        ]

        def run() -> None:
            for first in (fill, prepare):
                if first:
                    first()
            for block, products in steps:
                if block.windows is not None:
                    unfold(*block.windows)
                for e, matrix, goal in products:
                    multiply(e, matrix, out=product)
                    add(goal, product, out=goal)

        return run

    def conv_grad_x(self, weight: Any, dy: Any, out: Any, *, window: Window, group: int) -> Run:
        if _is_depthwise(weight, group):
            return self._conv_depthwise_grad_x(weight, dy, out, window)
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        errors = error.reshape(error.shape[0], -1)
        filters = weight.reshape(group, weight.shape[0] // group, -1)
        room, finish = self._room(out, window.pad)
        multiply, add = self.xp.matmul, self.xp.add
        steps = []
        for block in self._blocks(room, window, error.shape[1:-1]):
            products = [
                (
                    filters[g].T,
                    _rows(errors[:, block.columns], g, group),
                    _rows(block.matrix, g, group),
                )
                for g in range(group)
            ]
            sums = []
            if block.windows is not None:
                matrix, windows = block.windows
                at = [(slice(None), *k) for k in kernel_places(window.kernel)]
                sums = [(windows[k], matrix[k]) for k in at]
            steps.append((products, sums))

        def run() -> None:
            if prepare:
                prepare()
            if steps[0][1]:
                room.fill(0)
            for products, sums in steps:
                for w, e, matrix in products:
                    multiply(w, e, out=matrix)
                for goal, part in sums:
                    add(goal, part, out=goal)
            if finish:
                finish()

        return run

    def _blocks(self, room: Any, window: Window, places: tuple[int, ...]) -> Iterator[_Block]:
        """Yield the rows of the output in blocks whose unfolded windows fit the cache.

        A window of one pixel needs no unfolding: its matrix is the image itself.
        """
        batch = room.shape[-1]
        if window.covers_each_pixel_once:
            yield _Block(slice(None), slice(None), None, room.reshape(room.shape[0], -1))
            return
        taps = self.taps(room, window, places)
        height = room.shape[0] * int(np.prod(window.kernel))
        row = int(np.prod(places[1:])) * batch
        count = max(1, min(places[0], _BLOCK_BYTES // (height * row * room.dtype.itemsize or 1)))
        flat = self.scratch.take((height * count * row,), room.dtype)
        axes = len(places)
        for first in range(0, places[0], count):
            rows = slice(first, min(first + count, places[0]))
            windows = taps[(slice(None),) * (1 + axes) + (rows,)]
            matrix = flat[: windows.size].reshape(windows.shape)
            columns = slice(rows.start * row, rows.stop * row)
            yield _Block(rows, columns, (matrix, windows), matrix.reshape(height, -1))

    def _target(self, out: Any) -> tuple[Any, Run | None]:
        """Return a contiguous ``(C, *S, N)`` to write to, and what copies it to out if need be."""
        y = self.inner(out)
        if y.flags.c_contiguous:
            return y, None
        room = self.scratch.take(y.shape, y.dtype)
        return room, lambda: self.xp.copyto(y, room)

    def _room(self, out: Any, pad: tuple[int, ...]) -> tuple[Any, Run | None]:
        """Like ``_target``, with padding around it that is thrown away."""
        if not any(pad):
            return self._target(out)
        y = self.inner(out)
        sizes = [s + 2 * p for s, p in zip(y.shape[1:-1], pad, strict=True)]
        room = self.scratch.take((y.shape[0], *sizes, y.shape[-1]), y.dtype)
        middle = room[self.middle(y.shape[1:-1], pad)]
        return room, lambda: self.xp.copyto(y, middle)

    def _conv_depthwise(self, x: Any, weight: Any, bias: Any, out: Any, window: Window) -> Run:
        room, fill = self.padded(x, window.pad)
        y, finish = self._target(out)
        taps, tall = self.taps(room, window, y.shape[1:-1]), (-1,) + (1,) * (y.ndim - 1)
        at = [(slice(None), *k) for k in kernel_places(window.kernel)]
        parts = [(taps[k], weight[(slice(None), 0, *k[1:])].reshape(tall)) for k in at]
        product = self.scratch.take(y.shape, y.dtype)
        multiply, add = self.xp.multiply, self.xp.add
        tall_bias = None if bias is None else bias.reshape(tall)

        def run() -> None:
            if fill:
                fill()
            multiply(*parts[0], out=y)
            for pixels, w in parts[1:]:
                multiply(pixels, w, out=product)
                add(y, product, out=y)
            if tall_bias is not None:
                add(y, tall_bias, out=y)
            if finish:
                finish()

        return run

    def _conv_depthwise_grad_x(self, weight: Any, dy: Any, out: Any, window: Window) -> Run:
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        room, finish = self._room(out, window.pad)
        taps, tall = self.taps(room, window, error.shape[1:-1]), (-1,) + (1,) * (error.ndim - 1)
        at = [(slice(None), *k) for k in kernel_places(window.kernel)]
        parts = [(taps[k], weight[(slice(None), 0, *k[1:])].reshape(tall)) for k in at]
        product = self.scratch.take(error.shape, error.dtype)
        multiply, add = self.xp.multiply, self.xp.add

        def run() -> None:
            if prepare:
                prepare()
            room.fill(0)
            for goal, w in parts:
                multiply(error, w, out=product)
                add(goal, product, out=goal)
            if finish:
                finish()

        return run

    def _conv_depthwise_grad_weight(self, x: Any, dy: Any, add_to: Any, window: Window) -> Run:
        room, fill = self.padded(x, window.pad)
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        taps = self.taps(room, window, error.shape[1:-1])
        at = [(slice(None), *k) for k in kernel_places(window.kernel)]
        parts = [(taps[k], add_to[(slice(None), 0, *k[1:])]) for k in at]
        product = self.scratch.take(error.shape, error.dtype)
        total = self.scratch.take((error.shape[0],), error.dtype)
        flat = product.reshape(product.shape[0], -1)
        multiply, add = self.xp.multiply, self.xp.add

        def run() -> None:
            for first in (fill, prepare):
                if first:
                    first()
            for pixels, goal in parts:
                multiply(pixels, error, out=product)
                flat.sum(axis=1, out=total)
                add(goal, total, out=goal)

        return run


def _is_depthwise(weight: Any, group: int) -> bool:
    return bool(group > 1 and weight.shape[0] == group and weight.shape[1] == 1)


def _rows(matrix: Any, g: int, group: int) -> Any:
    size = matrix.shape[0] // group
    return matrix[g * size : (g + 1) * size]
