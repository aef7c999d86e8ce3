"""Boxes: their geometry, anchors, codes, matches, targets and suppression."""
