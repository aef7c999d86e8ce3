"""Detecting on images: one detector over exported models and checkpoints, and the files to run it on."""
