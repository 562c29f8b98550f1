"""What goes wrong in planning. The room imports nothing of ours, so the loader turns these into its own."""


class MixingError(ValueError):
    """A setting makes no sense, or the dataset can't give what the target asks for; the message has the numbers."""
