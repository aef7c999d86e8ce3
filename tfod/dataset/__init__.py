"""A data set looked at as a whole, in any annotation format: what is wrong with it, how to split it, what is in it."""
