"""Update rules, one a file, and the training loop."""

if __name__ != "netdef.solvers":
    raise ImportError("import netdef.solvers, not solvers: this folder is mapped by setup.cfg")

from netdef.solvers.solver import SGDSolver, Solver, get_solver

__all__ = ["SGDSolver", "Solver", "get_solver"]
