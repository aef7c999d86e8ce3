"""Each rule about settings once, for the check that collects what is wrong and for the part that refuses it."""
