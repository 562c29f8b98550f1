"""What may be wrong with a dataset of faces: who is in the wrong folder, in two, twice, in the test set."""
