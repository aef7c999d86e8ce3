"""The doctor's rules: one small function each, named in `table.py` as users read them."""
