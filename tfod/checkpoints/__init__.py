"""Checkpoints in the layout of the model zoo."""
