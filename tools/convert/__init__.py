"""The converters: files of other kinds into databases."""
