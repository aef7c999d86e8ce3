"""A data set looked at as a whole, in any annotation format: what is in it, how to split it, which anchors fit it."""
