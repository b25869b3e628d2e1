"""Layers that users write in Python, with the protocol of pycaffe."""

from collections.abc import Callable, Sequence
from typing import Any

from netdef import mode
from netdef.errors import ConfigError
from netdef.host_blob import HostBlob, WeightBlobs
from netdef.shape import Shape
from netdef.user_code import load_class, telling_the_line


class Layer:
    """What a class that a Python layer names derives from; pycaffe's ``caffe.Layer``.

    ``setup(bottom, top)`` is called once, ``reshape(bottom, top)`` after it and before each
    ``forward(bottom, top)``, which writes ``top[i].data[...]``; ``backward(top,
    propagate_down, bottom)`` writes ``bottom[i].diff[...]`` where ``propagate_down[i]``, and
    adds to ``self.blobs[i].diff``. When ``setup`` and ``reshape`` are called first, bottoms
    have their shapes and hold zeros. Blobs are ``netdef.host_blob.HostBlob``; weights
    change by training, not by what ``forward`` writes to them.
    """

    phase: int
    param_str: str
    blobs: WeightBlobs

    def setup(self, bottom: list[HostBlob], top: list[HostBlob]) -> None:
        """Nothing to prepare, unless a class says so."""


class UserLayer:
    """An object of a user's class, and the blobs that its methods are called with.

    Raises:
        ConfigError: nobody has allowed the class to run, or it is not there.
        RunError: the user's code raised an error; with its line.
    """

    def __init__(self, module: str, name: str, param_str: str, phase: int) -> None:
        if not mode.runs_python():
            raise ConfigError(
                f"would run the class {name!r} of the module {module!r}, and a prototxt runs no "
                "code unless you say so: give --allow-python, or call netdef.allow_python()"
            )
        self._name = name
        found = load_class(module, name)
        with telling_the_line(name):
            self._object = found()
        self._object.phase, self._object.param_str = phase, param_str
        self.blobs = self._object.blobs = WeightBlobs()
        self._bottom: list[HostBlob] = []
        self._top: list[HostBlob] = []
        self._is_set_up = False

    def shapes(self, bottoms: Sequence[Shape], tops: int) -> list[Shape]:
        """Return the shapes of the tops; runs ``setup`` once, ``reshape`` for new bottoms."""
        if not self._is_set_up:
            self._bottom = [HostBlob(s) for s in bottoms]
            self._top = [HostBlob() for _ in range(tops)]
            self._call("setup", self._bottom, self._top)
            self._is_set_up = True
            self._reshape()
        elif [b.shape for b in self._bottom] != list(map(tuple, bottoms)):
            for blob, shape in zip(self._bottom, bottoms, strict=True):
                blob.reshape(*shape)
            self._reshape()
        return [Shape(top.shape) for top in self._top]

    def _reshape(self) -> None:
        self._call("reshape", self._bottom, self._top)
        for i, top in enumerate(self._top):
            if not top.is_shaped:
                raise ConfigError(
                    f"{self._name}.reshape gives top {i} no shape; call top[{i}].reshape(...) there"
                )

    def forward(self, *arrays: Any) -> tuple[Any, ...]:
        """Run ``reshape`` and ``forward`` on bottoms and weights; return the tops."""
        for blob, array in zip((*self._bottom, *self.blobs), arrays, strict=True):
            blob.hold(array)
        self._reshape()
        self._call("forward", self._bottom, self._top)
        return tuple(top.data for top in self._top)

    def backward(
        self, into_bottoms: tuple[bool, ...], into_weights: tuple[bool, ...]
    ) -> Callable[..., None]:
        """Return what runs ``backward`` on bottoms, tops' diffs, weights and their diffs.

        The gradients that are wanted follow; those of weights are among the reads too,
        because they are added to. The tops hold what ``forward`` left there.
        """

        def backward(*arrays: Any) -> None:
            following = iter(arrays)
            for blob in self._bottom:
                blob.hold(next(following))
                blob.diff.fill(0)
            for blob in self._top:
                blob.hold(blob.data, next(following))
            for blob in self.blobs:
                blob.hold(next(following))
            for blob, is_in in zip(self.blobs, into_weights, strict=True):
                if is_in:
                    blob.hold(blob.data, next(following))
            self._call("backward", self._top, list(into_bottoms), self._bottom)
            pairs = zip((*self._bottom, *self.blobs), (*into_bottoms, *into_weights), strict=True)
            for blob, is_in in pairs:
                if is_in:
                    next(following)[...] = blob.diff

        return backward

    def _call(self, method: str, *arguments: Any) -> None:
        function = getattr(self._object, method, None)
        if function is None:
            raise ConfigError(f"the class {self._name!r} has no method {method!r}; define it")
        with telling_the_line(f"{self._name}.{method}"):
            function(*arguments)
