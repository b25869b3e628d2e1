"""A solver and its nets as one run takes them: changed, and written down beside its snapshots."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from netdef.errors import at
from netdef.field_values import set_field
from netdef.overrides import override_nets, split_override
from netdef.proto import NetParameter, SolverParameter
from netdef.prototxt import net_text, write_text
from netdef.solvers.nets import check_nets, find_net

_NET = "net."
_EXCLUDING = (("max_iter", "max_epoch"), ("test_iter", "test_whole_set"))
"""Fields of which one says what the other does: what a run changes takes the other's place."""


def override(param: SolverParameter, path: str, changes: Sequence[str]) -> SolverParameter:
    """Return a solver with ``field=value`` set; ``net.layer.field=value`` changes its nets.

    A changed net is in the solver itself, in ``net_param`` and its like; ``path`` is the
    solver's file.

    Raises:
        ConfigError: a change names no field, or the field does not take its value.
    """
    changed = SolverParameter()
    changed.CopyFrom(param)
    of_nets = []
    named = {split_override(text)[0] for text in changes}
    for one, other in (*_EXCLUDING, *((b, a) for a, b in _EXCLUDING)):
        if one in named and other not in named:
            changed.ClearField(other)  # type: ignore[arg-type]
    for text in changes:
        name, value = split_override(text)
        if name.startswith(_NET):
            of_nets.append((name.removeprefix(_NET), value))
        else:
            with at(text):
                set_field(changed, name, value)
    if not of_nets:
        return changed
    inline = inlined(changed, path)
    slots = [*_trained(inline), *inline.test_net_param]
    nets = override_nets([net_text(slot, path) for slot in slots], of_nets)
    for slot, net in zip(slots, nets, strict=True):
        slot.CopyFrom(net.net)
    return inline


def inlined(param: SolverParameter, path: str) -> SolverParameter:
    """Return a solver that holds its nets, instead of the names of their files.

    Raises:
        ConfigError: a net's file is not there or is no net.
    """
    inline = SolverParameter()
    inline.CopyFrom(param)
    check_nets(inline)
    for field in ("net", "train_net"):
        if inline.HasField(field):
            getattr(inline, f"{field}_param").CopyFrom(find_net(getattr(inline, field), path).net)
            inline.ClearField(field)
    for name in inline.test_net:
        inline.test_net_param.add().CopyFrom(find_net(name, path).net)
    inline.ClearField("test_net")
    return inline


def in_two_files(
    param: SolverParameter, path: str, prefix: str
) -> tuple[SolverParameter, NetParameter]:
    """Return the solver, which names ``<prefix>.net.prototxt``, and the net in that file.

    Nets that are only tested stand in the solver.
    """
    own = inlined(param, path)
    (net,) = _trained(own)
    apart = NetParameter()
    apart.CopyFrom(net)
    field: Literal["net", "train_net"] = "net" if own.HasField("net_param") else "train_net"
    own.ClearField("net_param")
    own.ClearField("train_net_param")
    setattr(own, field, f"{prefix}.net.prototxt")
    own.snapshot_prefix = prefix
    return own, apart


def write_configuration(param: SolverParameter, path: str, prefix: str) -> tuple[str, str]:
    """Write ``<prefix>.solver.prototxt`` and ``<prefix>.net.prototxt``; return their paths.

    ``netdef train`` runs them as they are. A file that the run itself reads is left alone.

    Raises:
        RunError: a file cannot be written.
    """
    solver, net = in_two_files(param, path, prefix)
    paths = f"{prefix}.solver.prototxt", f"{prefix}.net.prototxt"
    read = {Path(name).resolve() for name in (path, param.net, param.train_net) if name}
    for written, message in zip(paths, (solver, net), strict=True):
        if Path(written).resolve() not in read:
            write_text(written, message)
    return paths


def _trained(inline: SolverParameter) -> list[NetParameter]:
    return [
        getattr(inline, field)
        for field in ("net_param", "train_net_param")
        if inline.HasField(field)
    ]
