"""Code of the user's, which ONNX cannot hold."""

from netdef.errors import ConfigError
from netdef.onnx_export.part import Part, exports


@exports("Python")
def python(part: Part) -> None:
    """Nothing.

    Raises:
        ConfigError: always.
    """
    raise ConfigError(
        "runs Python code, which ONNX cannot hold; export the net without it, or write the"
        " layer as a package with an exporter of its own"
    )
