"""Nets of one recurrent layer, to run pass after pass."""

import netdef
from netdef.prototxt import parse_net


def recurrent_net(kind, steps, streams, inputs, units, keep="blobs"):
    """Return a net of ``Input`` x and cont, and a layer ``kind`` without exposed states."""
    text = f"""
      layer {{ name: "in" type: "Input" top: "x" top: "cont"
        input_param {{ shape {{ dim: {steps} dim: {streams} dim: {inputs} }}
                       shape {{ dim: {steps} dim: {streams} }} }} }}
      layer {{ name: "it" type: "{kind}" bottom: "x" bottom: "cont" top: "y"
        recurrent_param {{ num_output: {units}
          weight_filler {{ type: "uniform" min: -0.5 max: 0.5 }}
          bias_filler {{ type: "uniform" min: -0.5 max: 0.5 }} }} }}"""
    netdef.set_mode_cpu()
    return netdef.Net(parse_net(text, "net.prototxt"), netdef.TRAIN, keep=keep, seed=3)


def in_passes(kind, x, cont, steps, keep="blobs"):
    """Return y for the whole of x, of which each pass takes so many steps."""
    net = recurrent_net(kind, steps, *x.shape[1:], units=3, keep=keep)
    found = []
    for start in range(0, len(x), steps):
        part = slice(start, start + steps)
        found += net.forward(x=x[part], cont=cont[part])["y"].copy().tolist()
    return found
