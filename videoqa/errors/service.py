"""Requests as such: how they are written, how large and how many they are."""

from __future__ import annotations

from videoqa.errors.root import Misuse, VideoqaError


class CannotListen(Misuse):
    """{host} port {port} cannot be listened at ({problem}); give another one with --host and --port."""


class NotReady(VideoqaError):
    """The service is {stage}; try again in a few seconds."""


class NoSuchRoute(Misuse):
    """There is nothing at {path}; /docs shows what there is."""


class WrongMethod(Misuse):
    """{method} is not done there; {allowed} is."""


class WrongMediaType(Misuse):
    """The body is {given}; send {expected}."""


class MalformedRequest(Misuse):
    """The request is malformed ({problem}); /docs tells what it may hold."""


class MalformedJson(MalformedRequest):
    """The body is no JSON that is read here ({problem}); write it as RFC 8259 says."""


class BodyTooLarge(Misuse):
    """The body has more than the {limit} bytes that are read there; send less."""


class TooSlow(Misuse):
    """It did not come within {seconds} s; send it again over a better line, a large file in pieces by /v1/uploads."""


class NoSuchRange(Misuse):
    """There is nothing at the bytes {wanted}; the file has {size} of them."""


class StaleCopy(Misuse):
    """The file is not the one that If-Match or If-Unmodified-Since speaks of; ask for it without them."""


class BadCursor(Misuse):
    """{cursor} is no place in this list, or what stood there is gone; begin the list again without it."""


class QuotaSpent(Misuse):
    """{what} is limited to {limit} and that is used up; try again after {after}."""


class TooManyRequests(Misuse):
    """More requests than {limit} came; try again in {retry_after} s, or raise VIDEOQA_RATE."""


class TooManyStreams(Misuse):
    """{limit} moving pictures of cameras are being shown already; close one of them, or look at snapshots."""


class TooManyQuestions(VideoqaError):
    """{limit} questions are being answered already; ask again in a few seconds."""


class QuestionDropped(VideoqaError):
    """The question was given up before it was answered ({reason}); ask it again."""
