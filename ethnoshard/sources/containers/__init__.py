"""Folders, archives and files that hold images, and what in them is one."""
