"""What is wrong with a data set, in any annotation format, and what of it can be repaired."""
