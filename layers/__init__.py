"""Layer types, one a file."""

if __name__ != "netdef.layers":
    raise ImportError("import netdef.layers, not layers: this folder is mapped by setup.cfg")
