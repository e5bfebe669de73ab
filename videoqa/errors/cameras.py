"""Cameras that are added, named and looked at."""

from __future__ import annotations

from videoqa.errors.root import Misuse


class UnknownCamera(Misuse):
    """No camera is called {name}; `videoqa camera list` shows those there are."""


class CameraTaken(Misuse):
    """A camera called {name} is there already; give another name, or remove that one first."""


class BadCamera(Misuse):
    """The camera cannot be set up so: {problem}."""


class NoPicture(Misuse):
    """The camera {name} has shown no picture yet ({problem}); try again when it is online."""
