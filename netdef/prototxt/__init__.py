"""Nets and solvers as text: parsed with the place of every mistake, and upgraded."""

from netdef.prototxt.net import NetText, net_text, parse_net, read_net
from netdef.prototxt.solver import parse_solver, read_solver
from netdef.prototxt.writing import to_text, write_text

__all__ = [
    "NetText",
    "net_text",
    "parse_net",
    "parse_solver",
    "read_net",
    "read_solver",
    "to_text",
    "write_text",
]
