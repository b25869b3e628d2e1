"""The whole message that a net's text is refused with, as a user would see it."""

import pytest

from netdef.errors import NetdefError
from netdef.graph import build
from netdef.infer import infer
from netdef.prototxt import parse_net


def refusal(text: str, phase: int = 0, error: type[NetdefError] = NetdefError) -> str:
    """Return the message with which ``text`` (called ``net.prototxt``) is refused."""
    with pytest.raises(error) as caught:
        infer(build(parse_net(text, "net.prototxt"), phase))
    return str(caught.value)


def layer_refusal(
    layer: str, *shapes: tuple[int, ...], error: type[NetdefError] = NetdefError, name: str = "it"
) -> str:
    """Return the message about layer ``name`` in line 2, with bottoms ``a``, ``b`` ... .

    ``layer`` is its text from the type on: its name and bottoms are put in.
    """
    blobs = [chr(ord("a") + i) for i in range(len(shapes))]
    tops = " ".join(f'top: "{b}"' for b in blobs)
    sizes = " ".join("shape {" + " ".join(f"dim: {n}" for n in s) + "}" for s in shapes)
    first = f'layer {{ name: "in" type: "Input" {tops} input_param {{ {sizes} }} }}\n'
    bottoms = " ".join(f'bottom: "{b}"' for b in blobs)
    text = f'{first if shapes else chr(10)}layer {{ name: "{name}" {bottoms} {layer} }}'
    message = refusal(text, error=error)
    prefix = f"net.prototxt:2: layer {name!r} "
    assert message.startswith(prefix), message
    return message.removeprefix(prefix)
