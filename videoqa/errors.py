"""Everything that can go wrong and be told to a user. The docstring of an error is its message.

Fields in braces are filled from the keyword arguments the error is raised with. Raise the leaf that fits; catch by
branch: ``Misuse`` (the caller asked for something that cannot be), ``BadMedia`` (this recording cannot be read, the
next one may), ``ModelError`` (the model, its server, or its reply), ``StorageError`` (what is kept cannot be read or
written).
"""

from __future__ import annotations

from textwrap import dedent


class VideoqaError(Exception):
    """Something went wrong."""

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        template = " ".join(dedent(type(self).__doc__ or "").split())
        super().__init__(template.format_map(_Shown(fields)))


class _Shown(dict[str, object]):
    """Values as they may be printed on one line: control characters escaped, long ones cut; of a tuple all parts."""

    def __getitem__(self, key: str) -> str:
        value = super().__getitem__(key)
        return ", ".join(map(_shown, value)) if isinstance(value, tuple) else _shown(value)


def escaped(text: str) -> str:
    """``text`` with its control characters, line breaks and undecodable bytes written out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _shown(value: object) -> str:
    text = escaped(str(value))
    return text if len(text) <= 300 else text[:140] + "…" + text[-140:]


class Misuse(VideoqaError):
    """The request cannot be carried out as it stands."""


class UnknownRecording(Misuse):
    """No recording is called {name}; `videoqa list` shows those there are."""


class NearlyKnown(UnknownRecording):
    """No recording is called {name}; did you mean {titles}?"""


class AmbiguousRecording(Misuse):
    """{name} could be any of {ids}; give one of these ids."""


class CameraMeant(Misuse):
    """{name} is a camera, not a recording; give one that it recorded: {titles}."""


class NotIndexed(Misuse):
    """{title} is not indexed yet; run `videoqa index` on its file first."""


class BadTime(Misuse):
    """{text} is no time; write [H:]MM:SS of footage, seconds, or ISO 8601 for the wall clock."""


class BadDuration(Misuse):
    """{text} is no length of time; write 90s, 5m, 24h or 7d."""


class EmptyStretch(Misuse):
    """{end} is not after {start}; give the earlier time first."""


class OutsideRecording(Misuse):
    """{title} ends at {length}; ask for a stretch before that."""


class ClipTooLong(Misuse):
    """A clip of {length} is longer than the {limit} cut at once; ask for less, or raise VIDEOQA_CLIP_SECONDS."""


class OneFileOnly(Misuse):
    """--title and --started-at describe one file, and {count} were given; index that one by itself."""


class BadQuestion(Misuse):
    """{problem}; ask in a few plain words."""


class BadSetting(Misuse):
    """{name} is set to {value}, which is not {expected}."""


class BadTruth(Misuse):
    """{path}, line {line}: {problem}."""


class NothingToIndex(Misuse):
    """{path} holds no recording; videoqa reads {formats}."""


class UnknownJob(Misuse):
    """There is no job {name}; GET /v1/jobs shows those there are."""


class JobUnderWay(Misuse):
    """The job {name} has not ended; cancel it first."""


class UnknownUpload(Misuse):
    """There is no upload {name}; it was never begun, has ended, or was given up. Begin another one."""


class UnknownSubtitles(Misuse):
    """The recording was brought no subtitle file {name}; GET /v1/recordings/ID/subtitles shows those it has."""


class BadSubtitles(Misuse):
    """{name} cannot be taken as subtitles ({problem}); send SubRip (.srt) or WebVTT (.vtt)."""


class SubtitlesTooLarge(Misuse):
    """{name} has more than the {limit} bytes that a subtitle file may have; send what is said, and nothing else."""


class UnknownAnswer(Misuse):
    """There is no answer {name}."""


class TooManyQuestions(VideoqaError):
    """{limit} questions are being answered already; ask again in a few seconds."""


class QuestionDropped(VideoqaError):
    """The question was given up before it was answered ({reason}); ask it again."""


class UnknownKey(Misuse):
    """No key in force is called {name}; `videoqa keys list` shows those there are."""


class CameraTaken(Misuse):
    """A camera called {name} is there already; give another name, or remove that one first."""


class UnknownCamera(Misuse):
    """No camera is called {name}; `videoqa camera list` shows those there are."""


class BadCamera(Misuse):
    """The camera cannot be added: {problem}."""


class NoPicture(Misuse):
    """The camera {name} has shown no picture yet ({problem}); try again when it is online."""


class UnknownPin(Misuse):
    """There is no pin {name}; the recording's pins are at GET /v1/recordings/ID/pins."""


class TooFarBehind(VideoqaError):
    """The feed was not read as fast as it came; come back with the last seq that you had."""


class TooManyFollowers(VideoqaError):
    """{limit} follow the feed already; come back in a while."""


class UnknownWebhook(Misuse):
    """There is no webhook {name}; GET /v1/webhooks shows those there are."""


class BadWebhook(Misuse):
    """The webhook cannot be added: {problem}."""


class RuleTaken(Misuse):
    """A rule called {name} is there already; give another name, or remove that one first."""


class UnknownRule(Misuse):
    """No rule is called {name}; `videoqa rule list` shows those there are."""


class AmbiguousRule(Misuse):
    """{name} could be any of {names}; give more of the name, or the id that `videoqa rule list` shows."""


class BadRule(Misuse):
    """The rule cannot be added: {problem}."""


class NothingToTry(Misuse):
    """Its cameras have recorded nothing in the last {last}; try it on longer, or on another camera with --on."""


class UnknownAlert(Misuse):
    """There is no alert {name}; GET /v1/alerts shows those there are."""


class TooManyRemarks(Misuse):
    """The alert {name} has {limit} remarks already and takes no more; pin a moment with a note instead."""


class NameTaken(Misuse):
    """A key called {name} is in force already; give another name, or revoke that one first."""


class NoKeys(Misuse):
    """{host} can be reached from other machines and there is no key yet; run `videoqa keys create --name {name}
    --role admin`."""


class CannotListen(Misuse):
    """{host} port {port} cannot be listened at ({problem}); give another one with --host and --port."""


class NotReady(VideoqaError):
    """The service is {stage}; try again in a few seconds."""


class WrongOffset(Misuse):
    """The upload is at byte {offset}, not at {given}; ask for its offset and go on from there."""


class ArrivalBusy(Misuse):
    """Another request is writing to this upload; wait until it ends."""


class EmptyUpload(Misuse):
    """The file is empty; send one that has footage in it."""


class WrongChecksum(Misuse):
    """What arrived does not have the checksum that was told; send it again."""


class UploadTooLarge(Misuse):
    """It has {size} bytes, more than the {limit} that are taken; raise {setting}."""


class MoreThanDeclared(Misuse):
    """The upload was said to have {declared} bytes and more came; begin another one with its true length."""


class BadUploadHeader(Misuse):
    """The header {name} is {value}; send {expected}."""


class WrongMediaType(Misuse):
    """The body is {given}; send {expected}."""


class UnsupportedProtocol(Misuse):
    """Uploads speak tus 1.0.0; send the header Tus-Resumable: 1.0.0."""


class QuotaSpent(Misuse):
    """{what} is limited to {limit} and that is used up; try again after {after}."""


class TooManyRequests(Misuse):
    """More requests than {limit} came; try again in {retry_after} s, or raise VIDEOQA_RATE."""


class TooManyStreams(Misuse):
    """{limit} moving pictures of cameras are being shown already; close one of them, or look at snapshots."""


class TooManyUploads(Misuse):
    """{limit} uploads are under way already; wait until one has ended, or raise VIDEOQA_UPLOADS_AT_ONCE."""


class TooManyBegun(Misuse):
    """{limit} uploads were begun and have not ended; go on with these, or give them up with DELETE."""


class TooManyFetches(Misuse):
    """{limit} fetches are under way already; wait until one has ended."""


class TooManyWrongKeys(Misuse):
    """Too many requests with a wrong key came from {address}; try again in {retry_after} s, with a key in force."""


class BodyTooLarge(Misuse):
    """The body has more than the {limit} bytes that are read there; send less."""


class TooSlow(Misuse):
    """It did not come within {seconds} s; send it again over a better line, a large file in pieces by /v1/uploads."""


class MalformedRequest(Misuse):
    """The request is malformed ({problem}); /docs tells what it may hold."""


class MalformedJson(MalformedRequest):
    """The body is no JSON that is read here ({problem}); write it as RFC 8259 says."""


class NoSuchRoute(Misuse):
    """There is nothing at {path}; /docs shows what there is."""


class WrongMethod(Misuse):
    """{method} is not done there; {allowed} is."""


class ForeignHost(Misuse):
    """No key is asked for here, so that only this machine is served, and {host} is not its name; make a key for others
    with `videoqa keys create`.
    """


class ForeignOrigin(Misuse):
    """A page of {origin} may not use this service; make a key and name the origin in VIDEOQA_ORIGINS."""


class BadAddress(Misuse):
    """{url} is not fetched ({problem})."""


class NoSuchRange(Misuse):
    """There is nothing at the bytes {wanted}; the file has {size} of them."""


class StaleCopy(Misuse):
    """The file is not the one that If-Match or If-Unmodified-Since speaks of; ask for it without them."""


class BadCursor(Misuse):
    """{cursor} is no place in this list, or what stood there is gone; begin the list again without it."""


class TagOutOfReach(Misuse):
    """The key {name} reaches recordings by the tags {tags} alone, and changes no others; keep one of them."""


class BringsOutOfReach(Misuse):
    """The key {name} is limited to cameras alone, and would not see what it brings; limit a key to a tag for that."""


class KeyNeeded(Misuse):
    """A key that is in force is needed for that; send it as `Authorization: Bearer KEY`."""


class KeyNeededBehindProxy(KeyNeeded):
    """The request came through a proxy, and without keys only whoever is at this machine is let in; make a key with
    `videoqa keys create`, and send it as `Authorization: Bearer KEY`.
    """


class UnlimitedNeeded(Misuse):
    """The key {name} is limited to some recordings, and these figures are of all; use a key without limits for them."""


class WidensRule(Misuse):
    """Only a key without limits has a rule of somebody else watch all cameras; name the cameras, or add your own."""


class NotAllowed(Misuse):
    """The key {name} has the role {role}, and this needs {needed}."""


class KeyOutOfReach(Misuse):
    """The key {name} reaches {reach} alone, and makes no key that reaches more; limit the new one to these."""


class FetchFailed(VideoqaError):
    """{url} could not be fetched ({problem}); check the address, or upload the file."""


class BadMedia(VideoqaError):
    """The recording cannot be read."""


class NotFootage(BadMedia):
    """This is no recording videoqa can open ({problem}); it reads {formats}."""


class NoSuchFile(BadMedia):
    """The file cannot be read ({problem}); check that it is there and that you may read it."""


class EmptyFootage(BadMedia):
    """There is neither a picture that decodes nor a line of text in it ({problem})."""


class FootageTooLarge(BadMedia):
    """It has {what} of {value}, more than the {limit} that are opened; re-encode it smaller, or raise {setting}."""


class SourceChanged(BadMedia):
    """The file changed while it was read; index it again when it is complete."""


class RecordingRemoved(BadMedia):
    """It was removed from the archive while it was indexed; index it again if it is still wanted."""


class CalledOff(VideoqaError):
    """Its indexing was cancelled; retry the job, or index it again."""


class DecoderCrashed(BadMedia):
    """The decoder crashed on it ({problem}); the file is damaged or made to do harm."""


class DecoderOverran(BadMedia):
    """The decoder took more than {limit} of {what} on it; the file is damaged or made to do harm."""


class DecoderUnfit(BadMedia):
    """{decoder} would show other pictures of it than are there ({problem}); set VIDEOQA_DECODER to pyav."""


class BadCues(BadMedia):
    """The subtitles cannot be read ({problem}); the footage is indexed without them."""


class CannotCut(BadMedia):
    """It cannot be cut there ({problem}); ask for another stretch, or for its whole content."""


class NoSound(BadMedia):
    """Its sound cannot be read ({problem})."""


class ModelError(VideoqaError):
    """The model did not do what it was asked."""


class ModelUnreachable(ModelError):
    """The model at {url} does not answer ({problem}); start it with `videoqa model serve`, or set VIDEOQA_MODEL_URL."""


class ModelRefused(ModelError):
    """The model server refused the request ({problem})."""


class TooLongForModel(ModelRefused):
    """The request is longer than the model's context ({problem}); set VIDEOQA_CONTEXT to what the server allows."""


class UnfitModel(ModelError):
    """{model} at {url} cannot be used ({problem}); set VIDEOQA_MODEL to a vision model that it serves."""


class BadReply(ModelError):
    """The model's reply cannot be used ({problem})."""


class Undecided(ModelError):
    """The frames do not let one tell ({problem})."""


class ModelNotStarted(ModelError):
    """The model server did not start ({problem}); {remedy}."""


class SpeechUnreachable(ModelUnreachable):
    """The speech server at {url} does not answer ({problem}); start it, or set VIDEOQA_SPEECH_URL to one that runs."""


class EmbedderUnreachable(ModelError):
    """The embedding server at {url} does not answer ({problem}); start it, or set VIDEOQA_EMBEDDER to one that runs."""


class NoSpeechModel(ModelError):
    """No speech model can be used ({problem}); {remedy}."""


class NoModel(Misuse):
    """That needs a model and none is set; run `videoqa model serve`, or set VIDEOQA_MODEL_URL."""


class BadPrompt(Misuse):
    """The prompt {name} cannot be used ({problem})."""


class StorageError(VideoqaError):
    """What videoqa keeps cannot be read or written."""


class DiskFull(StorageError):
    """No space is left in {path}; free some, or set VIDEOQA_DATA_DIR to a larger disk, and run the command again."""


class DataUnwritable(StorageError):
    """{path} cannot be written ({problem}); set VIDEOQA_DATA_DIR to a folder that can."""


class DatabaseBusy(StorageError):
    """{path} has been held by another process for {seconds} s; try again, and end that process if it does not let go
    (`fuser {path}` names it)."""


class NewerDatabase(StorageError):
    """{path} was written by a newer videoqa (schema {found}, this one knows {known}); update videoqa, or set
    VIDEOQA_DATA_DIR to another folder. It was left as it is."""


class DamagedDatabase(StorageError):
    """{path} cannot be read ({problem}); restore it from a backup, or move it away and index again."""


class Unexpected(VideoqaError):
    """videoqa failed on it ({kind}: {problem}); please report this."""


class MissingPart(VideoqaError):
    """{part} is needed for that and is not installed; {remedy}."""
