"""Where snapshots go, and what a solver's state names."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryFile

from netdef.errors import ConfigError, MissingFile, RunError
from netdef.io.weights import Format
from netdef.proto import SolverParameter


class Snapshots:
    """The files of a solver's snapshots: ``<prefix>_iter_<N>`` and four endings.

    The prefix is ``snapshot_prefix``; if that is missing the solver's file without
    ``.prototxt``, and if it is a folder that file's name in it.
    """

    def __init__(self, param: SolverParameter, path: str) -> None:
        own = Path(path).with_suffix("")
        prefix = param.snapshot_prefix
        if not prefix:
            self.prefix = str(own)
        else:
            self.prefix = str(Path(prefix, own.name)) if Path(prefix).is_dir() else prefix
        is_hdf5 = param.snapshot_format == SolverParameter.HDF5
        self.format: Format = "HDF5" if is_hdf5 else "BINARYPROTO"
        self._ending = ".h5" if is_hdf5 else ""

    def weights(self, iteration: int) -> str:
        """Return the path of the weights after ``iteration`` iterations."""
        return f"{self.prefix}_iter_{iteration}.caffemodel{self._ending}"

    def state(self, iteration: int) -> str:
        """Return the path of the solver's state after ``iteration`` iterations."""
        return f"{self.prefix}_iter_{iteration}.solverstate{self._ending}"

    def averaged(self, iteration: int) -> str:
        """Return the path of the averaged weights after ``iteration`` iterations."""
        return f"{self.prefix}_iter_{iteration}.ema.caffemodel{self._ending}"

    @property
    def best(self) -> str:
        """The path of the weights that were best in a test."""
        return f"{self.prefix}_best.caffemodel{self._ending}"

    def remove_older(self, iteration: int, keep: int) -> None:
        """Remove all snapshots up to ``iteration`` but the last ``keep``, the state first."""
        states = [path for path in self.newest_first() if _iteration(path) <= iteration]
        for state in states[keep:]:
            Path(state).unlink(missing_ok=True)
            for weights in (".caffemodel", ".ema.caffemodel"):
                Path(state.replace(".solverstate", weights)).unlink(missing_ok=True)

    def newest_first(self) -> list[str]:
        """Return the paths of all states of this prefix, binary and HDF5."""
        prefix = Path(self.prefix)
        ending = re.compile(re.escape(prefix.name) + r"_iter_(\d+)\.solverstate(\.h5)?")
        names = (ending.fullmatch(path.name) for path in _files(prefix.parent))
        found = sorted((int(n[1]), n[0]) for n in names if n)
        return [str(prefix.with_name(name)) for _, name in reversed(found)]

    def remove_remains(self) -> None:
        """Remove what snapshots of this prefix left behind whose process was killed."""
        prefix = Path(self.prefix)
        part = re.compile(rf"\.{re.escape(prefix.name)}_iter_\d+\.[\w.]+\.part")
        for path in _files(prefix.parent):
            if part.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def check_space(self, iteration: int, size: int) -> None:
        """See whether the disk has room for a snapshot of ``size`` bytes.

        Raises:
            RunError: it has not.
        """
        free = shutil.disk_usage(Path(self.prefix).parent).free
        if free < size:
            raise RunError(
                f"{self.weights(iteration)}: the snapshot takes {size >> 20} MiB, the disk has"
                f" {free >> 20} MiB left; make room"
            )

    def check_folder(self) -> None:
        """Write to the folder, to know before training that it takes files.

        Raises:
            ConfigError: it is not there, or takes none.
        """
        folder = Path(self.prefix).parent
        try:
            with TemporaryFile(dir=folder) as file:
                file.write(b"x")
        except FileNotFoundError:
            raise ConfigError(
                f"snapshot_prefix {self.prefix!r}: there is no folder {folder}; make it first"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"snapshot_prefix {self.prefix!r}: the folder {folder} takes no files"
                f" ({error.strerror}); choose another"
            ) from None


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _iteration(state: str) -> int:
    return int(state.rpartition("_iter_")[2].partition(".")[0])


def find_learned_net(name: str, state_path: str) -> str:
    """Return the path of the weights that a state names: as written, or beside the state.

    Raises:
        MissingFile: they are in neither place.
    """
    beside = Path(state_path).parent / Path(name).name
    for path in (Path(name), beside):
        if path.exists():
            return str(path)
    raise MissingFile(f"{state_path}: its weights are neither at {name} nor at {beside}")
