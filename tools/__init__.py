"""The commands of ``netdef``, one a file."""

if __name__ != "netdef.tools":
    raise ImportError("import netdef.tools, not tools: this folder is mapped by setup.cfg")
