"""Compares Outcrop with its peers on one machine; see ../compare --help."""
