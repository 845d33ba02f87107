"""What can go wrong in a lab: one base class, one subclass per different reaction."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CommandFailed", "DeadlinePassed", "LabError", "NotPermitted", "Unsupported"]


class LabError(Exception):
    """Base of every exception this package raises on purpose. Misuse is ValueError or TypeError."""


class NotPermitted(LabError):
    """The kernel refused for want of privilege: run the lab as root."""


class Unsupported(LabError):
    """This kernel, or a program on this machine, lacks what was asked for."""


class DeadlinePassed(LabError):
    """A condition did not come true in time."""


class CommandFailed(LabError):
    """A command ended with another status than 0, or ended when it had to keep running.

    `status` is the exit status, negative for a signal; `output` is what it printed.
    """

    def __init__(self, where: str, command: Sequence[str], status: int, output: str) -> None:
        how = f"signal {-status}" if status < 0 else f"status {status}"
        text = output.strip()
        super().__init__(
            f"{where}: {' '.join(command)}: ended with {how}{f': {text}' if text else ''}"
        )
        self.where = where
        self.command = tuple(command)
        self.status = status
        self.output = output
