"""The batches of data sources, brought to the tops of data layers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from netdef.carrier import Carrier, Parcel
from netdef.data.finish import Finish
from netdef.data.prefetch import Batch
from netdef.data.prefetched_source import PrefetchedSource
from netdef.data.source import Source, is_constant
from netdef.device import Device
from netdef.engines import Run
from netdef.program import Call
from netdef.resized import Resized, are_resized
from netdef.shape import Shape

if TYPE_CHECKING:
    from netdef.engines.cupy.transform import Transform


def feed(call: Call, tops: tuple[Any, ...], source: Callable[[], Source], device: Device) -> Run:
    """Return what fills the tops of a data layer with the next batch of its source.

    ``source`` returns the source of now: it may be opened anew between two batches.

    Raises:
        Resized: by what is returned, if a batch has other shapes than planned.
    """
    kind = _GpuFeed if device.is_gpu else _Feed
    return kind(call, tops, source, device).run


def send_ahead(source: Source, device: Device) -> None:
    """Let a source that was just opened send its batches to a GPU as soon as they are made.

    Images go as bytes where the GPU can do all that is left to do with them; whether it can is
    decided here, once.
    """
    if device.is_gpu and isinstance(source, PrefetchedSource):
        source.leave_images()
        source.send_by(Carrier(device))


class _Feed:
    """Copies batches to tops on the CPU."""

    def __init__(
        self, call: Call, tops: tuple[Any, ...], source: Callable[[], Source], device: Device
    ) -> None:
        self._node, self._tops, self._source = call.node, tops, source
        self._names = [value.name for value in call.written_values()]
        self._device = device

    def run(self) -> None:
        """Take the next batch."""
        self._put(self._source().next())

    def _put(self, made: tuple[Any, ...]) -> None:
        if are_resized(made, self._tops):
            # The net may be planned for fewer records than a batch has.
            made = tuple(a[: len(top)] for a, top in zip(made, self._tops, strict=True))
            if are_resized(made, self._tops):
                tops = map(self._as_top, made, self._tops)
                raise Resized(self._node, dict(zip(self._names, tops, strict=True)))
        for top, array in zip(self._tops, made, strict=True):
            self._write(array, top)

    def _as_top(self, made: Any, planned: Any) -> Any:
        """Return an array of another shape than was planned."""
        return made

    def _write(self, made: Any, top: Any) -> None:
        top[...] = made


class _Unfinished:
    """Images on the device that become what the net sees when they are written to a top."""

    def __init__(self, transform: "Transform", pixels: Any, drawn: Any) -> None:
        self._transform, self._pixels, self._drawn = transform, pixels, drawn
        self.shape = transform.finish.shape(Shape(pixels.shape))

    def __getitem__(self, part: slice) -> "_Unfinished":
        """Return some of the images."""
        return _Unfinished(self._transform, self._pixels[part], self._drawn[part])

    def write(self, top: Any) -> None:
        """Finish the images into an array of their shape."""
        self._transform(self._pixels, self._drawn, top)


class _GpuFeed(_Feed):
    """Brings batches to tops on a GPU, by kernels and copies of the current stream.

    Batches that do not travel already do so from here, in two parcels by turns, or once if they
    never change; those of other shapes than planned go at once.
    """

    def __init__(
        self, call: Call, tops: tuple[Any, ...], source: Callable[[], Source], device: Device
    ) -> None:
        super().__init__(call, tops, source, device)
        self._carrier: Carrier | None = None
        self._parcels: list[Parcel] = []
        self._constant: Source | None = None
        self._transform: Transform | None = None

    def run(self) -> None:
        """Take the next batch, and give the GPU what is to do with it."""
        source = self._source()
        batch = source.next()
        finish = source.finish if isinstance(source, PrefetchedSource) else None
        parcel = self._parcels[0] if source is self._constant else self._arriving(batch)
        self._constant = source if is_constant(source) and parcel is not None else None
        if parcel is None:
            arrays = tuple(map(self._device.xp.asarray, batch))
            self._put(self._finished(arrays, finish))
            return
        try:
            self._put(self._finished(parcel.receive(), finish))
        finally:
            parcel.release()

    def _arriving(self, batch: Batch) -> Parcel | None:
        """Return the batch on its way; None if it has no usual shapes, and must be copied now."""
        if isinstance(batch, Parcel):
            return batch if batch.device == self._device else self._sent(batch)
        is_usual = [a.shape for a in batch] == [top.shape for top in self._tops]
        return self._sent(batch) if is_usual else None

    def _sent(self, batch: Batch) -> Parcel:
        """Send a batch that does not travel already to this GPU."""
        kinds = [(a.shape, a.dtype) for a in batch]
        if self._carrier is None or [(a.shape, a.dtype) for a in self._parcels[0]] != kinds:
            self._carrier = Carrier(self._device)
            self._parcels = [self._carrier.parcel(batch) for _ in range(2)]
        self._parcels.reverse()
        parcel = self._parcels[0]
        parcel.free()
        for array, own in zip(batch, parcel, strict=True):
            np.copyto(own, array)
        self._carrier.send(parcel)
        return parcel

    def _finished(self, arrays: tuple[Any, ...], finish: Finish | None) -> tuple[Any, ...]:
        """Return what is written to the tops: of images that are bytes what finishes them."""
        if finish is None:
            return arrays
        from netdef.engines.cupy.transform import Transform

        if self._transform is None or self._transform.finish is not finish:
            self._transform = Transform(self._device.xp, finish)
        pixels, drawn, *others = arrays
        return (_Unfinished(self._transform, pixels, drawn), *others)

    def _as_top(self, made: Any, planned: Any) -> Any:
        top = self._device.xp.empty(made.shape, planned.dtype)
        self._write(made, top)
        return top

    def _write(self, made: Any, top: Any) -> None:
        if isinstance(made, _Unfinished):
            made.write(top)
        elif made.dtype == top.dtype:
            self._device.xp.copyto(top, made)
        else:
            from netdef.engines.cupy.copying import Copying

            Copying(self._device.xp).copy(made, top)()
