"""Where snapshots go, and what a solver's state names."""

from pathlib import Path
from tempfile import TemporaryFile

from netdef.errors import ConfigError, MissingFile
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
