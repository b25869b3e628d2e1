"""What feeds a net: databases, image lists and HDF5 files, read ahead and transformed."""
