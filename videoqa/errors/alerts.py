"""Rules, the alerts they give rise to, and those who follow them."""

from __future__ import annotations

from videoqa.errors.root import Misuse, VideoqaError


class UnknownRule(Misuse):
    """No rule is called {name}; `videoqa rule list` shows those there are."""


class RuleTaken(Misuse):
    """A rule called {name} is there already; give another name, or remove that one first."""


class AmbiguousRule(Misuse):
    """{name} could be any of {names}; give more of the name, or the id that `videoqa rule list` shows."""


class BadRule(Misuse):
    """The rule cannot be set up so: {problem}."""


class NothingToTry(Misuse):
    """Its cameras have recorded nothing in the last {last}; try it on longer, or on another camera with --on."""


class UnknownAlert(Misuse):
    """There is no alert {name}; GET /v1/alerts shows those there are."""


class TooManyRemarks(Misuse):
    """The alert {name} has {limit} remarks already and takes no more; pin a moment with a note instead."""


class TooFarBehind(VideoqaError):
    """The feed was not read as fast as it came; come back with the last seq that you had."""


class TooManyFollowers(VideoqaError):
    """{limit} follow the feed already; come back in a while."""


class UnknownWebhook(Misuse):
    """There is no webhook {name}; GET /v1/webhooks shows those there are."""


class BadWebhook(Misuse):
    """The webhook cannot be added: {problem}."""
