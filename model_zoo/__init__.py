"""Named nets as prototxt, and where to find their weights."""

if __name__ != "netdef.model_zoo":
    raise ImportError("import netdef.model_zoo, not model_zoo: this folder is mapped by setup.cfg")
