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

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.depthwise import Depthwise
from netdef.engines.numpy.images import kernel_places
from netdef.engines.threads import parts
from netdef.window import Window

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class _Block:
    """Some rows of the output: where their windows lie, and their matrix."""

    columns: slice
    windows: Any
    matrix: Any


class Convolutions(Depthwise):
    """The primitives ``conv``, ``conv_grad_x`` and ``conv_grad_weight``."""

    def conv(
        self,
        x: Any,
        weight: Any,
        bias: Any,
        out: Any,
        *,
        window: Window,
        group: int,
        plus: Any = None,
        relu: bool = False,
        most: float | None = None,
        slope: float = 0,
    ) -> Run:
        if plus is not None or most is not None or slope:
            run = self.conv(x, weight, bias, out, window=window, group=group)
            return in_order(run, lambda: self._finish(out, plus, relu, most, slope))
        if _is_depthwise(weight, group):
            clip = (lambda: self.xp.maximum(out, 0, out=out)) if relu else None
            return in_order(self.depthwise(x, weight, bias, out, window), clip)
        room, fill = self.padded(x, window.pad)
        y, finish = self.target(out)
        filters = weight.reshape(group, weight.shape[0] // group, -1)
        tall = None if bias is None else bias.reshape(group, -1, 1)
        images = y.reshape(y.shape[0], -1)
        runs = [
            self._products(blocks, filters, tall, images, relu)
            for blocks in self._blocks(room, window, y.shape[1:-1])
        ]
        return in_order(fill, self.threads.together(runs), finish)

    def _finish(self, out: Any, plus: Any, relu: bool, most: float | None, slope: float) -> None:
        """Add another image, and clip the sum."""
        if plus is not None:
            self.xp.add(out, plus, out=out)
        if slope:
            self.xp.multiply(out, self.xp.where(out > 0, out.dtype.type(1), slope), out=out)
        elif relu:
            self.xp.clip(out, 0, most, out=out)

    def _products(
        self, blocks: list[_Block], filters: Any, bias: Any, images: Any, relu: bool
    ) -> Run:
        """Unfold the windows of each block, and multiply them with the filters of each group."""
        group = len(filters)
        unfold, multiply, add = self.xp.copyto, self.xp.matmul, self.xp.add
        maximum = self.xp.maximum
        steps = [
            (
                block,
                [
                    (filters[g], _rows(block.matrix, g, group), _rows(goal, g, group), g)
                    for g in range(group)
                ],
            )
            for block in blocks
            for goal in [images[:, block.columns]]
        ]

        def run() -> None:
            for block, products in steps:
                if block.windows is not None:
                    unfold(*block.windows)
                for w, matrix, target, g in products:
                    multiply(w, matrix, out=target)
                    if bias is not None:
                        add(target, bias[g], out=target)
                    if relu:
                        maximum(target, 0, out=target)

        return run

    def conv_grad_weight(
        self, x: Any, dy: Any, add_to: Any, add_bias: Any = None, *, window: Window, group: int
    ) -> Run:
        sums = None if add_bias is None else self._bias_gradient(dy, add_bias)
        if _is_depthwise(add_to, group):
            return in_order(self.depthwise_grad_weight(x, dy, add_to, window), sums)
        room, fill = self.padded(x, window.pad)
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        errors = error.reshape(error.shape[0], -1)
        target = add_to.reshape(group, add_to.shape[0] // group, -1)
        runs: list[Run] = []
        totals: list[Any] = []
        for blocks in self._blocks(room, window, error.shape[1:-1]):
            total = self.scratch.take(target.shape, target.dtype) if runs else target
            runs.append(self._sums(blocks, errors, total, total is not target))
            totals.append(total)
        add = self.xp.add

        def finish() -> None:
            for total in totals[1:]:
                add(target, total, out=target)

        return in_order(fill, prepare, self.threads.together(runs), finish, sums)

    def _bias_gradient(self, dy: Any, bias: Any) -> Run:
        """Add the sum of each channel's errors."""
        error, xp = self.inner(dy), self.xp
        axes = tuple(range(1, dy.ndim))

        def sums(part: slice) -> Run:
            total = self.scratch.take(bias[part].shape, bias.dtype)

            def run() -> None:
                xp.sum(error[part], axis=axes, out=total)
                xp.add(bias[part], total, out=bias[part])

            return run

        return self.threads.together([sums(p) for p in parts(len(bias), self.threads.count)])

    def _sums(self, blocks: list[_Block], errors: Any, total: Any, begins_at_zero: bool) -> Run:
        """Unfold the windows of each block, multiply the errors with them, and add it up."""
        group = len(total)
        product = self.scratch.take(total.shape[1:], total.dtype)
        unfold, multiply, add = self.xp.copyto, self.xp.matmul, self.xp.add
        steps = [
            (
                block,
                [
                    (
                        _rows(errors[:, block.columns], g, group),
                        _rows(block.matrix, g, group).T,
                        total[g],
                    )
                    for g in range(group)
                ],
            )
            for block in blocks
        ]

        def run() -> None:
            if begins_at_zero:
                total.fill(0)
            for block, products in steps:
                if block.windows is not None:
                    unfold(*block.windows)
                for e, matrix, goal in products:
                    multiply(e, matrix, out=product)
                    add(goal, product, out=goal)

        return run

    def conv_grad_x(self, weight: Any, dy: Any, out: Any, *, window: Window, group: int) -> Run:
        if _is_depthwise(weight, group):
            return self.depthwise_grad_x(weight, dy, out, window)
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        errors = error.reshape(error.shape[0], -1)
        filters = weight.reshape(group, weight.shape[0] // group, -1)
        room, finish = self.padded_target(out, window.pad)
        blocks = [b for some in self._blocks(room, window, error.shape[1:-1]) for b in some]
        runs = [
            self._scattered(blocks, filters, errors, room, window, part)
            for part in parts(filters.shape[2] // int(np.prod(window.kernel)), self.threads.count)
        ]
        return in_order(prepare, self.threads.together(runs), finish)

    def _scattered(
        self,
        blocks: list[_Block],
        filters: Any,
        errors: Any,
        room: Any,
        window: Window,
        channels: slice,
    ) -> Run:
        """Multiply errors with filters, and add what lies in windows to the image.

        It is done for some channels of each group, which no other thread touches.
        """
        group, depth = len(filters), room.shape[0] // len(filters)
        size = int(np.prod(window.kernel))
        rows = slice(channels.start * size, channels.stop * size)
        at = [(slice(None), *k) for k in kernel_places(window.kernel)]
        multiply, add = self.xp.matmul, self.xp.add
        steps = []
        for block in blocks:
            for g in range(group):
                mine = slice(g * depth + channels.start, g * depth + channels.stop)
                e, w = _rows(errors[:, block.columns], g, group), filters[g, :, rows].T
                sums = []
                if block.windows is not None:
                    matrix, windows = (a[mine] for a in block.windows)
                    sums = [(windows[k], matrix[k]) for k in at]
                steps.append((w, e, _rows(block.matrix, g, group)[rows], sums))
        mine_of_all = [
            room[g * depth + channels.start : g * depth + channels.stop]
            for g in range(group)
            if steps[0][3]
        ]

        def run() -> None:
            for image in mine_of_all:
                image.fill(0)
            for w, e, matrix, sums in steps:
                multiply(w, e, out=matrix)
                for goal, part in sums:
                    add(goal, part, out=goal)

        return run

    def _blocks(self, room: Any, window: Window, places: tuple[int, ...]) -> Iterator[list[_Block]]:
        """Yield for each thread rows of the output, in blocks whose windows fit the cache.

        A window of one pixel needs no unfolding: its matrix is the image itself.
        """
        count = self.threads.count
        if window.covers_each_pixel_once:
            flat = room.reshape(room.shape[0], -1)
            for columns in parts(flat.shape[1], count):
                yield [_Block(columns, None, flat[:, columns])]
            return
        taps = self.taps(room, window, places)
        height = room.shape[0] * int(np.prod(window.kernel))
        row = int(np.prod(places[1:])) * room.shape[-1]
        most = max(1, _BLOCK_BYTES // (height * row * room.dtype.itemsize or 1))
        for share in parts(places[0], count):
            pieces = parts(share.stop - share.start, -(-(share.stop - share.start) // most))
            flat = self.scratch.take((height * row * (pieces[0].stop),), room.dtype)
            blocks = []
            for piece in pieces:
                rows = slice(share.start + piece.start, share.start + piece.stop)
                windows = taps[(slice(None),) * (1 + len(places)) + (rows,)]
                matrix = flat[: windows.size].reshape(windows.shape)
                columns = slice(rows.start * row, rows.stop * row)
                blocks.append(_Block(columns, (matrix, windows), matrix.reshape(height, -1)))
            yield blocks


def _is_depthwise(weight: Any, group: int) -> bool:
    return bool(group > 1 and weight.shape[0] == group and weight.shape[1] == 1)


def _rows(matrix: Any, g: int, group: int) -> Any:
    size = matrix.shape[0] // group
    return matrix[g * size : (g + 1) * size]
