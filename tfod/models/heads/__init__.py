"""What turns features into predictions."""
