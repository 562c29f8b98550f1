"""The tests, by the rooms of the package; a package itself so that benchmarks find ``tests.kit`` too."""
