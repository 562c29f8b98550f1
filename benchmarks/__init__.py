"""Measurements: the alignment beside facenet-pytorch, packing beside the disk."""
