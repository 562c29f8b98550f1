"""The loaders that people use today, each in its best documented setting for batches mixed over groups.

They pull dozens of packages, so they live in an environment of their own, see ``requirements.txt``.
"""
