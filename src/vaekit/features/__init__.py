"""Named feature spaces in which sets of examples are compared."""
