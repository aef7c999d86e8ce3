"""Exporting trained models."""
