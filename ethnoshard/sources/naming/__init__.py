"""Whose an image is: by folders, a layout, columns; what is odd about it."""
