"""Windows that slide over an image: convolution, pooling and im2col share them."""

from dataclasses import dataclass

from netdef.errors import FieldError, ShapeError


@dataclass(frozen=True)
class Window:
    """A kernel and how it moves, in pixels, one number per spatial axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """The pixels from a dilated kernel's first tap to its last, along each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def _room(self, image: tuple[int, ...]) -> list[int]:
        room = [s + 2 * p - r for s, p, r in zip(image, self.pad, self.reach, strict=True)]
        if min(room) < 0:
            padded = tuple(s + 2 * p for s, p in zip(image, self.pad, strict=True))
            raise ShapeError(
                f"a kernel of {self.reach} pixels is larger than the padded image {padded}"
            )
        return room

    def slide(self, image: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many places the window takes along each axis, rounded down."""
        return tuple(r // t + 1 for r, t in zip(self._room(image), self.stride, strict=True))

    def slide_up(self, image: tuple[int, ...]) -> tuple[int, ...]:
        """Return the places rounded up, less a last one that would begin in the padding.

        This is Caffe's pooling: ``ceil((S + 2 pad - kernel) / stride) + 1``.
        """
        places = []
        rooms = zip(self._room(image), image, self.stride, self.pad, strict=True)
        for room, size, stride, pad in rooms:
            count = -(-room // stride) + 1
            starts_outside = any(self.pad) and (count - 1) * stride >= size + pad
            places.append(count - starts_outside)
        return tuple(places)

    def image_of(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Return the smallest image in which the window takes these places."""
        parts = zip(places, self.stride, self.reach, self.pad, strict=True)
        return tuple((n - 1) * t + r - 2 * p for n, t, r, p in parts)

    @property
    def covers_each_pixel_once(self) -> bool:
        """True for a 1x1 window that neither skips nor pads: what it makes is a matrix product."""
        ones = (1,) * len(self.kernel)
        return self.kernel == self.stride == ones and not any(self.pad)


def spread(name: str, given: tuple[int, ...], axes: int, default: int) -> tuple[int, ...]:
    """Return one value per spatial axis from none, one, or ``axes`` given ones.

    Raises:
        FieldError: another number of values was given.
    """
    values = tuple(given) or (default,)
    if len(values) not in (1, axes):
        raise FieldError(
            f"{name} has {len(values)} values for {axes} spatial axes; give 1 or {axes}"
        )
    return values * axes if len(values) == 1 else values


class KernelFields:
    """The fields of a window in ConvolutionParameter: one number for all axes, or one each."""

    kernel_size: tuple[int, ...]
    kernel_h: int
    kernel_w: int
    stride: tuple[int, ...]
    stride_h: int
    stride_w: int
    pad: tuple[int, ...]
    pad_h: int
    pad_w: int
    dilation: tuple[int, ...]

    def window(self, axes: int) -> Window:
        """Return the window over ``axes`` spatial axes.

        Raises:
            FieldError: no kernel is given, both forms are, the number of values is wrong, or
                one is 0.
        """
        kernel = self._either("kernel_size", "kernel", axes)
        if not kernel:
            raise FieldError("convolution_param must set kernel_size, or kernel_h and kernel_w")
        window = Window(
            spread("kernel_size", kernel, axes, 0),
            spread("stride", self._either("stride", "stride", axes), axes, 1),
            spread("pad", self._either("pad", "pad", axes), axes, 0),
            spread("dilation", self.dilation, axes, 1),
        )
        if 0 in (*window.kernel, *window.stride, *window.dilation):
            raise FieldError("the kernel, its stride and dilation must be at least 1 pixel")
        return window

    def _either(self, plain: str, prefix: str, axes: int) -> tuple[int, ...]:
        """Return the repeated field, or the pair ``_h``, ``_w``."""
        given: tuple[int, ...] = getattr(self, plain)
        pair = (getattr(self, f"{prefix}_h") or 0, getattr(self, f"{prefix}_w") or 0)
        if not any(pair):
            return given
        if given:
            raise FieldError(f"give {plain} or {prefix}_h and {prefix}_w, not both")
        if axes != 2:
            raise FieldError(f"{prefix}_h and {prefix}_w are for 2 spatial axes, not {axes}")
        return pair
