"""Networks that turn a picture into features."""
