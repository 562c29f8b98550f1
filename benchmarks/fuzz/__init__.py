"""Readers of outside files on files that are damaged by chance: one clear message or counted rows, and nothing else."""
