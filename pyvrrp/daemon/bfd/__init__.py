"""The BFD process."""
