"""What feeds a net: databases, image lists and HDF5 files, read ahead and transformed."""

import os

# OpenCV reads these when it is imported. A small file may hold an image that fills the memory:
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 28))
# Of an image that it cannot read, our own message tells what is to be told:
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
