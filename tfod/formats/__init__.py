"""The annotation formats by name, and the way from one to another."""
