"""Plans: an operation graph together with the kernel that cuDNN runs it by."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from netdef.engines.cudnn.library import Target, load
from netdef.engines.cudnn.operation_graph import Operand, OperationGraph
from netdef.engines.engine import Refused
from netdef.errors import DeviceError

_Made = TypeVar("_Made")
_TYPES = {
    "float32": "FLOAT",
    "float16": "HALF",
    "bfloat16": "BFLOAT16",
    "bool": "BOOLEAN",
}
_ROUNDING = ("TENSOR_CORE", "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION")
"""What cuDNN notes of kernels that do not keep float32 as it is."""


@dataclass(frozen=True)
class Plan:
    """A finished plan, as cuDNN writes it down."""

    workspace: int
    """Bytes that it needs while it runs."""
    content: bytes
    name: str = ""
    """The kernel and how it is set, in cuDNN's words."""


def build(graph: OperationGraph, target: Target) -> Plan:
    """Make the plan that cuDNN's heuristics like best.

    Raises:
        Refused: cuDNN has none.
        DeviceError: it fails in another way.
    """
    return next(candidates(graph, target))


def candidates(graph: OperationGraph, target: Target) -> Iterator[Plan]:
    """Make all plans, one after the other, that which the heuristics like best first.

    Only kernels are taken that give the same bits every time, so that a resumed run is equal
    to one that never stopped; and, for float32, only those that do not round what comes in.

    Raises:
        Refused: cuDNN has none.
        DeviceError: it fails in another way.
    """
    lowered = _with(graph, lambda: _listed(graph, target))
    refusal: Refused | None = Refused(f"has no plan for {graph}")
    for index in range(lowered.get_execution_plan_count()):
        try:
            plan = _with(graph, partial(_planned, graph, lowered, index))
        except Refused:
            continue
        refusal = None
        yield plan
    if refusal is not None:
        raise refusal


def _listed(graph: OperationGraph, target: Target) -> Any:
    """Return the lowered graph with its plans listed and none made."""
    cudnn = load()
    lowered = lower(graph, target)
    lowered.validate()
    lowered.build_operation_graph()
    lowered.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
    unwanted = ["NONDETERMINISTIC", *(_ROUNDING if graph.is_strict else ())]
    lowered.deselect_numeric_notes([getattr(cudnn.numerical_note, n) for n in unwanted])
    lowered.check_support()
    return lowered


def _planned(graph: OperationGraph, lowered: Any, index: int) -> Plan:
    """Make the plan of that number in the list."""
    lowered.build_plan_at_index(index)
    if getattr(lowered, "selected_engine", None) is not None:
        raise Refused(f"has no plan of its own library for {graph}")
    name = lowered.get_plan_name_at_index(index)
    return Plan(lowered.get_workspace_size(), bytes(lowered.serialize()), name)


def _with(graph: OperationGraph, make: Callable[[], _Made]) -> _Made:
    """Return what cuDNN makes of a graph; what it raises becomes what netdef does."""
    try:
        return make()
    except load().cudnnGraphNotSupportedError as error:
        raise Refused(f"has no plan for {graph}") from error
    except RuntimeError as error:
        if "NOT_SUPPORTED" in str(error):
            raise Refused(f"has no plan for {graph}") from error
        raise DeviceError(f"cuDNN could not plan {graph}: {error}") from error


def lower(graph: OperationGraph, target: Target) -> Any:
    """Return the graph as the frontend's ``pygraph``."""
    cudnn = load()
    wide = cudnn.data_type.FLOAT
    made = cudnn.pygraph(
        name=graph.name,
        io_data_type=wide,
        intermediate_data_type=wide,
        compute_data_type=wide,
        **target.keywords,
    )
    known = {o.name: _tensor(made, graph, o) for o in graph.inputs}
    for step in graph.steps:
        reads = {parameter: known[name] for parameter, name in step.reads}
        options = {name: list(v) if isinstance(v, tuple) else v for name, v in step.options}
        results = getattr(made, step.operation)(**reads, **options, name=step.makes[0])
        results = results if isinstance(results, list | tuple) else [results]
        for name, result in zip(step.makes, results, strict=True):
            known[name] = result.set_data_type(_type(step.dtype))
    for operand in graph.outputs:
        tensor = known[operand.name].set_output(True).set_data_type(_type(operand.dtype))
        tensor.set_dim(list(operand.dims)).set_stride(list(operand.strides))
        tensor.set_uid(graph.number_of(operand.name))
    return made


def _tensor(made: Any, graph: OperationGraph, operand: Operand) -> Any:
    return made.tensor(
        name=operand.name,
        dim=list(operand.dims),
        stride=list(operand.strides),
        data_type=_type(operand.dtype),
        is_pass_by_value=operand.value is not None,
        uid=graph.number_of(operand.name),
    )


def _type(dtype: str) -> Any:
    return getattr(load().data_type, _TYPES[dtype])
