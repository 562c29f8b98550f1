"""What a GPU does with all this, in ten minutes: ``make gpu-check``, see ``__main__``.

The machine with the GPU needs no network and no package of ours: its own Python with torch, torchvision, numpy, scipy,
Pillow and the like, this checkout, and the folder that ``make gpu-kit`` made where a network was (``kit``).
"""
