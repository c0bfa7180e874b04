"""Which pairs of a book a solver needs to know: the search that prices direct."""
