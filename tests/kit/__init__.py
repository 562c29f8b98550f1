"""What tests of several rooms share, and benchmarks too: datasets, plans, a browser, faulty servers, waiting."""
