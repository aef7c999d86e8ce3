"""The layers that all networks are built of, and how lists of them run."""
