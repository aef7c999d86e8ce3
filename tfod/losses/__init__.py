"""Losses of classification and localization."""
