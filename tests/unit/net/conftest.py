"""The tests here that need root and a kernel ask for a `lab`."""

from netnslab.pytest_plugin import lab

__all__ = ["lab"]
