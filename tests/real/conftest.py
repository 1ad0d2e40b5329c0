"""The real files, imported once for this folder."""

from support.real_import import imported

__all__ = ["imported"]
