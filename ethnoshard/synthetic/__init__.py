"""Drawn faces and pairs of them: synthetic photographs of nobody, to try everything on without a download."""

from ethnoshard.synthetic._draw import DrawnSettings, draw_face, draw_faces

__all__ = ["DrawnSettings", "draw_face", "draw_faces"]
