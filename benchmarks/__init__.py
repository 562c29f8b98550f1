"""Measurements: alignment beside facenet-pytorch, packing beside the disk, labelling."""
