"""Names in a prototxt to Python objects."""

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from netdef.errors import ConfigError, SchemaError, unknown

T = TypeVar("T")


def snake_case(name: str) -> str:
    """Return a type's module: ``InnerProduct`` is in ``inner_product``, ``PReLU`` in ``prelu``."""
    plain = name.replace("ReLU", "Relu").replace("TanH", "Tanh")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()


class Registry(Generic[T]):
    """One namespace of named things, filled by the modules of one package.

    ``home`` is a name, not an import: core knows where its layers live without
    importing upwards. A lookup imports ``home.<snake_case name>`` and no more; if that
    does not define the name, every module of ``home`` is imported before it is refused.
    ``plugins`` is a group of entry points, by which other packages add things: each is
    called as the thing it loads, and loaded when it is looked up.
    """

    def __init__(self, kind: str, home: str, plugins: str | None = None) -> None:
        self.kind, self.home, self.plugins = kind, home, plugins
        self._known: dict[str, T] = {}
        self._complete = False

    def add(self, name: str, thing: T) -> None:
        """Take ``thing`` in under ``name``."""
        if name in self._known:
            raise SchemaError(f"two {self.kind}s are named {name!r}")
        self._known[name] = thing

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            module = f"{self.home}.{snake_case(name)}"
            if re.fullmatch(r"\w+", name) and importlib.util.find_spec(module):
                importlib.import_module(module)
        if name not in self._known:
            known = list(self)
            if name in self._entry_points:
                self._load(self._entry_points[name])
            if name not in self._known:
                raise unknown(self.kind, name, known)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in list(self)

    def __iter__(self) -> Iterator[str]:
        """Yield every name, sorted; imports the whole home once, but no plug-ins."""
        if not self._complete:
            package = importlib.import_module(self.home)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.home}.{module.name}")
            self._complete = True
        return iter(sorted({*self._known, *self._entry_points}))

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        found = entry_points(group=self.plugins) if self.plugins else ()
        return {point.name: point for point in found}

    def _load(self, point: EntryPoint) -> None:
        """Import a plug-in, which adds its thing as it is defined."""
        package = point.dist.name if point.dist else "unknown"
        where = f"{self.kind} {point.name!r} of the package {package!r} ({point.value})"
        try:
            point.load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"{where} cannot be imported ({error}); reinstall it") from error
        if point.name not in self._known:
            raise SchemaError(f"{where} defines no {self.kind} of that name")
