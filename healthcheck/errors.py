"""The base of every error this package raises on purpose."""

__all__ = ["HealthcheckError"]


class HealthcheckError(Exception):
    """Something could not be done; the text says what, where and what to do."""
