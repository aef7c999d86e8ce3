"""Boxes drawn on pictures."""
