"""What feeds a net: databases, image lists and HDF5 files, read ahead and transformed."""

import os

# OpenCV reads it when it is imported: a small file may hold an image that fills the memory.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 28))
