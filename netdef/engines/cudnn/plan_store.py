"""Plans kept on disk, under ``NETDEF_HOME``: making one takes up to a second, reading one 2 ms.

A file is a line of JSON, which tells what follows and its checksum, and the plan as cuDNN
wrote it. A file that is damaged, or belongs to another graph, counts as missing and is
written anew.
"""

import json
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from netdef.engines.cudnn.operation_graph import OperationGraph
from netdef.engines.cudnn.plan import Plan
from netdef.errors import RunError
from netdef.io.user_folder import user_folder
from netdef.io.whole_file import writing_whole

_FORMAT = 2


@dataclass(frozen=True)
class PlanStore:
    """The plans for one GPU, driver and version of cuDNN, each a file of a folder."""

    folder: Path

    @staticmethod
    def of(name: str) -> "PlanStore":
        """Return the store of that name in the user's folder."""
        return PlanStore(user_folder() / "cudnn" / name)

    def find(self, graph: OperationGraph, is_tuned: bool = False) -> Plan | None:
        """Return the plan of a graph if it is there, whole and of this format.

        The one that was timed lies beside the one that the heuristics chose.
        """
        try:
            head, _, content = self._path(graph, is_tuned).read_bytes().partition(b"\n")
            facts = json.loads(head)
            if facts["format"] != _FORMAT or facts["graph"] != graph.key:
                return None
            if facts["sha256"] != sha256(content).hexdigest():
                return None
            return Plan(int(facts["workspace"]), content, _text(facts["name"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, graph: OperationGraph, plan: Plan, is_tuned: bool = False) -> None:
        """Write a plan; where no files can be written, warn and go on without."""
        facts = {
            "format": _FORMAT,
            "graph": graph.key,
            "workspace": plan.workspace,
            "name": plan.name,
            "sha256": sha256(plan.content).hexdigest(),
        }
        path = self._path(graph, is_tuned)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with writing_whole(path) as file:
                file.write(json.dumps(facts).encode() + b"\n" + plan.content)
        except (OSError, RunError) as error:
            warnings.warn(f"cuDNN's plans are not kept for the next run: {error}", stacklevel=2)

    def _path(self, graph: OperationGraph, is_tuned: bool) -> Path:
        number = sha256(graph.key.encode()).hexdigest()[:32]
        return self.folder / f"{graph.name}-{number}{'-tuned' * is_tuned}.plan"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
