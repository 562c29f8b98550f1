"""Photographs with perceived attributes, for training and testing classifiers."""
