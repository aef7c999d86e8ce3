"""The rules of the check, one module for each part of a config."""
