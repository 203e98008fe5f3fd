"""The HTTP face of the write side."""
