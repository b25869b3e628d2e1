"""ONNX Runtime: running a model, and holding a net against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import RunError
from netdef.net import Net
from netdef.onnx_package import import_onnxruntime

Array = NDArray[Any]
_QUIET = 3

TOLERANCE = 1e-4
"""How far an output may be from the net's, in parts of its largest number."""


class Session:
    """A model in ONNX Runtime, on the CPU.

    Raises:
        DeviceError: onnxruntime is not installed.
        RunError: it does not take the model.
    """

    def __init__(self, model: bytes) -> None:
        runtime = import_onnxruntime()
        options = runtime.SessionOptions()
        options.log_severity_level = _QUIET
        try:
            self._session = runtime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # what it raises has no class of its own
            raise RunError(f"ONNX Runtime does not take the model: {error}") from error

    @property
    def outputs(self) -> list[str]:
        """Names of the outputs."""
        return [o.name for o in self._session.get_outputs()]

    def zeros(self) -> dict[str, Array]:
        """Return zeros for every input that must be given; an axis of a free length has 1."""
        shapes = {i.name: i.shape for i in self._session.get_inputs()}
        return {
            name: np.zeros([n if isinstance(n, int) else 1 for n in shape], np.float32)
            for name, shape in shapes.items()
        }

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs by their names; inputs are turned into the model's types.

        Raises:
            RunError: the model fails.
        """
        kinds = {i.name: _KINDS.get(i.type, "float32") for i in self._session.get_inputs()}
        try:
            made = self._session.run(
                None, {n: v.astype(kinds.get(n, "float32")) for n, v in inputs.items()}
            )
        except Exception as error:  # as above
            raise RunError(f"ONNX Runtime cannot run the model: {error}") from error
        return dict(zip(self.outputs, made, strict=True))


_KINDS = {
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
}
"""NumPy's names of the types of inputs that are not float32."""


@dataclass(frozen=True)
class Difference:
    """The largest difference of one output, and the largest number in it."""

    output: str
    absolute: float
    scale: float

    @property
    def relative(self) -> float:
        """The difference in parts of the largest number."""
        return self.absolute / self.scale if self.scale else float(self.absolute > 0)

    def __str__(self) -> str:
        return f"{self.output}: {self.absolute:.3g} absolute, {self.relative:.3g} relative"


def compare(
    net: Net,
    session: Session,
    inputs: Mapping[str, Array],
    names: Mapping[str, str],
    others: Mapping[str, Array] | None = None,
) -> list[Difference]:
    """Run both on the same inputs; returns how far each output of the net is from the model's.

    ``names`` gives the model's name of an output of the net, where it is another; ``others``
    are inputs that only the model has.

    Raises:
        RunError: the model does not run, or an output has another shape or is no number where
            the other is one.
    """
    others_shaped = [n for n, values in inputs.items() if net.blobs[n].shape != values.shape]
    for name in others_shaped:  # all, before a shape is asked for again
        net.blobs[name].reshape(*inputs[name].shape)
    for name, values in inputs.items():
        net.blobs[name].data[...] = values
    mine = {name: np.array(v) for name, v in net.forward().items()}
    theirs = session.run({**inputs, **(others or {})})
    return [_difference(name, mine[name], theirs[names.get(name, name)]) for name in net.outputs]


def _difference(name: str, mine: Array, theirs: Array) -> Difference:
    if mine.shape != theirs.shape:
        raise RunError(f"output {name!r} has the shape {mine.shape}, in the model {theirs.shape}")
    numbers = np.isfinite(mine)
    if not np.array_equal(mine[~numbers], theirs[~numbers], equal_nan=True):
        raise RunError(f"output {name!r} has values that are no numbers, and other ones in ONNX")
    gaps, sizes = np.abs(mine - theirs)[numbers], np.abs(mine)[numbers]
    return Difference(name, float(gaps.max(initial=0)), float(sizes.max(initial=0)))


def check(differences: Sequence[Difference]) -> None:
    """See that no difference is larger than the tolerance.

    Raises:
        RunError: one is; how large.
    """
    largest = worst(differences)
    if not largest.relative <= TOLERANCE:
        raise RunError(
            f"the model and the net differ by more than {TOLERANCE:g} of the output's largest"
            f" number ({largest}); nothing is written"
        )


def worst(differences: Sequence[Difference]) -> Difference:
    """Return the largest difference, relative to its output's scale."""
    return max(differences, key=lambda d: d.relative)
