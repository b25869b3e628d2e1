"""Nets as pictures: boxes for layers, edges for blobs, and programs that lay them out."""
