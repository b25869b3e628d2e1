"""``Part``: one layer on its way to ONNX, and the registry of what says each type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from netdef.onnx_export.body import Array, Body, Operator, State, as_array
from netdef.registry import Registry
from netdef.shape import Shape

Operand = str | float | Sequence[int] | Array
"""What an operator reads: a value by its name, or a constant."""


@dataclass(frozen=True)
class Part:
    """One layer that an exporter writes as operators.

    ``layer`` has the fields, ``weights`` the numbers by the names that the layer gives them,
    ``tables`` what it computes from shapes alone. An exporter reads ``bottoms`` and must
    write every one of ``tops``.
    """

    name: str
    layer: Any
    body: Body
    opset: int
    bottoms: tuple[str, ...]
    bottom_shapes: tuple[Shape, ...]
    tops: tuple[str, ...]
    top_shapes: tuple[Shape, ...]
    weights: dict[str, Array]
    tables: dict[str, Array]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def x(self) -> str:
        """The first bottom."""
        return self.bottoms[0]

    @property
    def y(self) -> str:
        """The first top."""
        return self.tops[0]

    @property
    def x_shape(self) -> Shape:
        """The shape of the first bottom."""
        return self.bottom_shapes[0]

    @property
    def y_shape(self) -> Shape:
        """The shape of the first top."""
        return self.top_shapes[0]

    def several(
        self, kind: str, inputs: Sequence[Operand], outputs: Sequence[str | None], **attributes: Any
    ) -> list[str]:
        """Add an operator of several outputs; one that is None gets a name. Returns the names."""
        name = self._new(kind)
        names = tuple(o or f"{name}:{i}" for i, o in enumerate(outputs))
        given = {k: v for k, v in attributes.items() if v is not None}
        read = tuple(self._operand(each) for each in inputs)
        self.body.operators.append(Operator(kind, name, self.name, read, names, given))
        return list(names)

    def add(self, kind: str, *inputs: Operand, to: str | None = None, **attributes: Any) -> str:
        """Add an operator of one output, called ``to``; returns the output's name.

        Attributes that are None are left out.
        """
        return self.several(kind, inputs, [to], **attributes)[0]

    def reshape(self, value: str, shape: Sequence[int], to: str | None = None) -> str:
        """Give a value another shape."""
        return self.add("Reshape", value, tuple(shape), to=to)

    def cast(self, value: str, dtype: str, to: str | None = None) -> str:
        """Turn a value into ``float``, ``double``, ``int64`` or ``bool``."""
        [made] = self.several("Cast", [value], [to], to=_TYPES[dtype])
        return made

    def reduce(
        self,
        kind: str,
        value: str,
        axes: Sequence[int],
        *,
        keeps_axes: bool = True,
        to: str | None = None,
    ) -> str:
        """Reduce a value along axes: ``kind`` is ReduceSum, ReduceMean ..."""
        kept = int(keeps_axes)
        if kind == "ReduceSum" or self.opset >= _AXES_AS_INPUT:
            return self.add(kind, value, tuple(axes), to=to, keepdims=kept)
        return self.add(kind, value, to=to, axes=list(axes), keepdims=kept)

    def state(self, name: str, shape: Sequence[int]) -> State:
        """Add a state: what the next run takes up from this one."""
        before, after = (f"{self.name}/{name}_{when}" for when in "0T")
        state = State(before, after, tuple(shape))
        self.body.states.append(state)
        return state

    def inside(self, body: Body) -> "Part":
        """Return this part, writing into a body inside its own."""
        return replace(self, body=body)

    def _new(self, kind: str) -> str:
        number = self.counts[kind] = self.counts.get(kind, -1) + 1
        return f"{self.name}/{kind}" + (f"_{number}" if number else "")

    def _operand(self, operand: Operand) -> str:
        if isinstance(operand, str):
            return operand
        return self.body.constant(self._new("constant"), as_array(operand))


_TYPES = {"float": 1, "int64": 7, "bool": 9, "double": 11}
"""ONNX's numbers of the types of elements."""

_AXES_AS_INPUT = 18
"""The opset in which reductions take their axes as an input."""

Exporter = Callable[[Part], None]

EXPORTERS: Registry[Exporter] = Registry(
    "exporter to ONNX", home="netdef.onnx_export.exporters", plugins="netdef.onnx_exporters"
)


def exports(*types: str) -> Callable[[Exporter], Exporter]:
    """Make a function what writes layers of these types.

    A plug-in names its module by an entry point of the group ``netdef.onnx_exporters``,
    called as the type. An exporter raises ConfigError for what ONNX cannot say.
    """

    def add(function: Exporter) -> Exporter:
        for name in types:
            EXPORTERS.add(name, function)
        return function

    return add
