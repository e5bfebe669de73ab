"""Everything that can go wrong and be told to a user. The docstring of an error is its message.

Fields in braces are filled from the keyword arguments the error is raised with. Raise the leaf that fits; catch by
branch: ``Misuse`` (the caller asked for something that cannot be), ``BadMedia`` (this recording cannot be read, the
next one may), ``ModelError`` (the model, its server, or its reply), ``StorageError`` (what is kept cannot be read or
written).

This is their public face: a new leaf of a room is here without a line of its own.
"""

# ruff: noqa: F403

from videoqa.errors.access import *
from videoqa.errors.alerts import *
from videoqa.errors.archive import *
from videoqa.errors.cameras import *
from videoqa.errors.footage import *
from videoqa.errors.input import *
from videoqa.errors.model import *
from videoqa.errors.root import *
from videoqa.errors.service import *
from videoqa.errors.storage import *
from videoqa.errors.uploads import *
