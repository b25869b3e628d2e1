"""A stand-in for the module ``cudnn``, cuDNN's frontend: its plans run, on addresses, in NumPy.

What is lowered to it is written down, kept as a plan's content, loaded again, and computed from
the memory at the addresses that it is given. Masks are bits, eight a byte, as cuDNN's are.
"""

import ctypes
import json
from collections.abc import Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import ml_dtypes  # noqa: F401  gives NumPy bfloat16
import numpy as np

from tests.engines import graph_in_numpy
from tests.engines import streams_on_cpu as streams

PROPERTIES = json.dumps(
    {"deviceName": "NumPy", "deviceVer": 900, "multiProcessorCount": 1, "driverVer": 13000}
)
_MAKES = {"batchnorm": 5, "batchnorm_backward": 3, "sdpa": 2, "sdpa_backward": 3}
"""How many results an operation has, if not one."""
_DTYPES = {"FLOAT": "float32", "HALF": "float16", "BFLOAT16": "bfloat16", "BOOLEAN": "bool"}


class NotSupported(Exception):
    """What the frontend raises where there is no plan."""


ran: list[str] = []
"""The names of the plans that were executed, one after the other."""


class Tensor:
    """An array of a graph, described piece by piece as the frontend does."""

    def __init__(self, name: str, **facts: Any) -> None:
        self.name, self.facts = name, facts

    def __getattr__(self, setting: str) -> Any:
        assert setting.startswith("set_"), setting

        def put(value: Any) -> "Tensor":
            self.facts[setting.removeprefix("set_")] = value
            return self

        return put


class PyGraph:
    """A graph: what is asked of ``cudnn.pygraph``."""

    workspace = 4096
    """Bytes that every plan asks for while it runs."""
    plans = ("barred", "eng1", "eng2", "eng3")
    """The names of all plans, that which the heuristics like best first."""
    refuses = ""
    """An operation that there are no plans for."""

    def __init__(self, handle: Any = None, **options: Any) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.steps: list[tuple[str, dict[str, str], list[str], dict[str, Any]]] = []
        self.stage, self.chosen = 0, -1

    def tensor(self, name: str, **facts: Any) -> Tensor:
        made = Tensor(name, **facts)
        assert name not in self.tensors
        self.tensors[name] = made
        return made

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_") or not hasattr(graph_in_numpy, operation):
            raise AttributeError(operation)

        def step(name: str, **given: Any) -> Any:
            reads = {k: v.name for k, v in given.items() if isinstance(v, Tensor)}
            options = {k: v for k, v in given.items() if not isinstance(v, Tensor)}
            names = [f"{operation} {len(self.steps)}.{i}" for i in range(_MAKES.get(operation, 1))]
            self.steps.append((operation, reads, names, options))
            made = [self.tensor(n, dim=None) for n in names]
            return made if len(made) > 1 else made[0]

        return step

    def _next(self, stage: int) -> None:
        assert self.stage == stage - 1, "steps of planning come in their order"
        self.stage = stage

    def validate(self) -> None:
        self._next(1)
        uids = [t.facts["uid"] for t in self.tensors.values() if "uid" in t.facts]
        assert len(uids) == len(set(uids))
        assert all(self.tensors[n].facts["dim"] for n in self._written())

    def _written(self) -> list[str]:
        return [n for _, _, names, _ in self.steps for n in names if self._is_output(n)]

    def _is_output(self, name: str) -> bool:
        return bool(self.tensors[name].facts.get("output"))

    def build_operation_graph(self) -> None:
        self._next(2)

    def create_execution_plans(self, modes: Any) -> None:
        self._next(3)

    def deselect_numeric_notes(self, notes: Any) -> None:
        assert "NONDETERMINISTIC" in notes

    def check_support(self) -> None:
        self._next(4)
        if any(operation == self.refuses for operation, *_ in self.steps):
            raise NotSupported(f"no plan has {self.refuses}")

    def get_execution_plan_count(self) -> int:
        assert self.stage == 4
        return len(self.plans)

    def build_plan_at_index(self, index: int) -> None:
        assert self.stage >= 4
        if self.plans[index] == "barred":
            raise NotSupported("Deselecting execution plan")
        self.stage, self.chosen = 5, index

    def get_plan_name_at_index(self, index: int) -> str:
        return self.plans[index]

    def get_workspace_size(self) -> int:
        assert self.stage == 5
        return self.workspace

    def _name(self) -> str:
        return self.plan if self.chosen < 0 else self.plans[self.chosen]

    def serialize(self) -> bytes:
        facts = {name: t.facts for name, t in self.tensors.items()}
        kept = {"tensors": facts, "steps": self.steps, "plan": self._name()}
        return json.dumps(kept).encode()

    def deserialize(self, handle: Any, content: list[int]) -> None:
        assert isinstance(handle, Handle)
        kept = json.loads(bytes(content))
        self.tensors = {name: Tensor(name, **facts) for name, facts in kept["tensors"].items()}
        self.steps, self.stage, self.plan = kept["steps"], 5, kept["plan"]

    def execute(self, places: Mapping[int, int], workspace: int, handle: "Handle") -> None:
        assert self.stage == 5
        assert handle.stream == streams.current().ptr
        given = {t.facts["uid"]: t for t in self.tensors.values() if "uid" in t.facts}
        assert places.keys() == given.keys()
        for uid, tensor in given.items():
            is_on_host = tensor.facts.get("is_pass_by_value")
            assert is_on_host or places[uid] % 16 == 0, f"{tensor.name} begins at an odd address"
        assert bool(workspace) == bool(self.workspace)
        assert workspace % 16 == 0
        ran.append(self.plan)
        places = dict(places)
        streams.submit(lambda: self._compute(places, workspace))

    def _compute(self, places: Mapping[int, int], workspace: int) -> None:
        if self.workspace:
            ctypes.memset(workspace, 0xFF, self.workspace)
        known: dict[str, Any] = {}
        for name, tensor in self.tensors.items():
            if "uid" in tensor.facts and not self._is_output(name):
                known[name] = _read(tensor.facts, places[tensor.facts["uid"]])
        for operation, reads, names, options in self.steps:
            values = {parameter: known[name] for parameter, name in reads.items()}
            has_dims = operation in ("conv_dgrad", "conv_wgrad")
            dims = {"dims": self.tensors[names[0]].facts["dim"]} if has_dims else {}
            results = getattr(graph_in_numpy, operation)(**values, **options, **dims)
            results = results if isinstance(results, tuple) else (results,)
            known |= dict(zip(names, results, strict=True))
        for name in self._written():
            facts = self.tensors[name].facts
            assert list(known[name].shape) == list(facts["dim"])
            _write(facts, places[facts["uid"]], known[name])


def _strided(facts: Mapping[str, Any], place: int) -> Any:
    """Return the memory at an address as a tensor describes it."""
    dtype = np.dtype(_DTYPES[facts["data_type"]])
    dims, strides = facts["dim"], facts["stride"]
    reach = 1 + sum((n - 1) * s for n, s in zip(dims, strides, strict=True))
    flat = np.ctypeslib.as_array((ctypes.c_ubyte * (reach * dtype.itemsize)).from_address(place))
    return np.lib.stride_tricks.as_strided(
        flat.view(dtype), dims, [s * dtype.itemsize for s in strides]
    )


def _bits(facts: Mapping[str, Any], place: int) -> tuple[Any, Any]:
    """Return the bytes of a mask, and the number of each element's bit."""
    dims, strides = facts["dim"], facts["stride"]
    numbers = sum(
        s * i for s, i in zip(strides, np.indices(dims, sparse=True), strict=True)
    ) + np.zeros(dims, int)
    count = -(-int(np.prod(dims)) // 8)
    return np.ctypeslib.as_array((ctypes.c_ubyte * count).from_address(place)), numbers


def _read(facts: Mapping[str, Any], place: int) -> Any:
    if facts["data_type"] != "BOOLEAN":
        return _strided(facts, place).astype(np.float64)
    packed, numbers = _bits(facts, place)
    return np.unpackbits(packed, bitorder="little")[numbers].astype(np.float64)


def _write(facts: Mapping[str, Any], place: int, values: Any) -> None:
    if facts["data_type"] != "BOOLEAN":
        goal = _strided(facts, place)
        goal[...] = values.astype(goal.dtype)
        return
    packed, numbers = _bits(facts, place)
    flat = np.zeros(packed.size * 8, np.uint8)
    flat[numbers] = values
    packed[...] = np.packbits(flat, bitorder="little")


class Handle:
    """A handle, which knows its stream."""

    stream: int | None = None


class _Names:
    """An enumeration whose members are their names."""

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        return name


def _set_stream(handle: Handle, stream: int) -> None:
    handle.stream = stream


def module() -> ModuleType:
    """Return what stands for ``cudnn``."""
    made = ModuleType("cudnn")
    made.__version__ = "1.28.0"
    made.backend_version = lambda: 92800
    made.data_type = made.heur_mode = made.numerical_note = _Names()
    made.cudnnGraphNotSupportedError = NotSupported
    made.pygraph, made.create_handle, made.set_stream = PyGraph, Handle, _set_stream
    made.create_device_properties = lambda of: SimpleNamespace(serialize=lambda: PROPERTIES)
    return made
