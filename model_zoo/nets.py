"""The nets of the zoo: a folder of prototxts each."""

from pathlib import Path

from netdef.errors import ConfigError, unknown

_HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all nets, sorted."""
    return sorted(path.parent.name for path in _HERE.glob("*/deploy.prototxt"))


def folder(name: str) -> Path:
    """Return the folder of a net: deploy.prototxt, train_val.prototxt and solver.prototxt.

    Raises:
        UnknownType: no net is called so.
    """
    if name not in names():
        raise unknown("net of the zoo", name, names())
    return _HERE / name


def prototxt(name: str) -> Path:
    """Return a prototxt by its name: ``lenet`` to use, ``lenet/train_val`` to train.

    Raises:
        UnknownType: no net is called so.
        ConfigError: the net has no such file.
    """
    net, _, form = name.partition("/")
    path = folder(net) / f"{form or 'deploy'}.prototxt"
    if not path.is_file():
        forms = ", ".join(f"zoo:{net}/{p.stem}" for p in sorted(path.parent.glob("*.prototxt")))
        raise ConfigError(f"net {net!r} of the zoo has no {form!r}; it has {forms}")
    return path


def summary(name: str) -> str:
    """Return the line that says what a net is, the first of its prototxt."""
    with (folder(name) / "deploy.prototxt").open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip()


def packaged_weights(name: str) -> Path | None:
    """Return the weights that come with the package, or None."""
    path = _HERE / name / f"{name}.caffemodel"
    return path if path.is_file() else None


def class_names(classes: str) -> list[str]:
    """Return the names of the classes of a data set: ``imagenet``, ``cifar10`` or ``mnist``."""
    return (_HERE / "classes" / f"{classes}.txt").read_text(encoding="utf-8").splitlines()
