"""A rule tried on footage that is there already: the alerts it would have given, how many a day, and their cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from videoqa.alerting.book import Book
from videoqa.alerting.rules import to_watch
from videoqa.alerts import Alert, AlertRule, NoticeKind
from videoqa.errors import BadMedia
from videoqa.events import Usage
from videoqa.media import ZERO, Recording, RecordingState, Sampling
from videoqa.ports import AlertChange, Archive, FootageReader, LiveFrame, RecordingFilter, Sampled, Sentries, Sentry

TOLD_EVERY = timedelta(minutes=1)
"""Of footage: so often is told how a trial stands."""
_PAGE = 100
_A_DAY = timedelta(days=1)
_ENOUGH = timedelta(hours=1)
"""Of less footage nothing is said of a whole day: a minute with one alert would make 1,440 of them."""
_UNKNOWN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Trial:
    """How the trial of ``rule`` stands, or has ended where ``done``, a share, is 1.

    ``alerts`` are those it would have given, in order. ``footage`` is how much was gone through, and ``watched`` for
    how much of that the rule was armed; ``blind`` how much of this nobody could look at. ``asked`` is how much of it
    was put to a model, and ``usage`` what that cost. ``problems`` are sentences about footage that cannot be read, and
    about what is missing.
    """

    rule: AlertRule
    done: float = 0.0
    alerts: tuple[Alert, ...] = ()
    footage: timedelta = ZERO
    watched: timedelta = ZERO
    blind: timedelta = ZERO
    asked: timedelta = ZERO
    usage: Usage = Usage()
    problems: tuple[str, ...] = ()

    @property
    def alerts_a_day(self) -> float | None:
        """By the time of which there is footage; None where that is too little to tell."""
        return len(self.alerts) * (_A_DAY / self.footage) if self.footage >= _ENOUGH else None


class Trials:
    """Tries rules. ``sampling`` is how the frames of cameras are taken."""

    def __init__(self, archive: Archive, reader: FootageReader, sentries: Sentries, sampling: Sampling) -> None:
        self._archive = archive
        self._reader = reader
        self._sentries = sentries
        self._sampling = sampling

    def footage(self, camera: str, since: datetime, until: datetime) -> tuple[Recording, ...]:
        """The recordings of ``camera`` that reach into the time from ``since`` to ``until``, in order."""
        found: list[Recording] = []
        after: str | None = None
        wanted = RecordingFilter(camera=camera, started_before=until)
        while page := self._archive.page(wanted, after=after, limit=_PAGE):
            found += [recording for recording in page if _reaches(recording, since)]
            after = page[-1].id
        return tuple(sorted(found, key=lambda recording: recording.started_at or _UNKNOWN))

    def run(
        self,
        rule: AlertRule,
        recordings: Sequence[Recording],
        since: datetime | None = None,
        until: datetime | None = None,
        period: timedelta | None = None,
    ) -> Iterator[Trial]:
        """How the trial stands, now and then, and at last what came of it.

        Of recordings whose wall clock is known only what lies from ``since`` to ``until`` counts. Of others, a schedule
        says nothing: the rule is tried on all of them. One that its camera still adds to cannot be read as a whole: it
        is left out, which is told.
        """
        ended = [recording for recording in recordings if recording.state is not RecordingState.RECORDING]
        sampling = replace(self._sampling, period=period or self._sampling.period)
        left_out = tuple(
            f"{recording.title} has not been ended yet: it is still being recorded, or the service stopped meanwhile "
            "and ends it when it runs again; it can be tried after that"
            for recording in recordings
            if recording.state is RecordingState.RECORDING
        )
        trial = Trial(replace(rule, enabled=True, cameras=frozenset()), problems=left_out)
        whole = sum((recording.length for recording in ended), ZERO) or timedelta.max
        by_camera = groupby(sorted(ended, key=_place), key=lambda recording: recording.camera)
        for camera, stretches in by_camera:
            sentry = self._sentries.sentry(camera, sampling.period, waiting=True)
            try:
                one = _OneCamera(trial, Book(camera, sampling.period), sentry, sampling.period)
                for recording in stretches:
                    for told in one.through(self._reader, recording, sampling, (since, until)):
                        yield replace(told, done=min(0.99, told.footage / whole))
                trial = one.ended()
            finally:
                sentry.close()
        yield replace(trial, done=1.0, rule=rule)


class _OneCamera:
    """The trial of a rule on what one camera has recorded."""

    def __init__(self, trial: Trial, book: Book, sentry: Sentry, period: timedelta) -> None:
        self._trial = trial
        self._book = book
        self._sentry = sentry
        self._period = period
        self._before = trial.usage

    def through(
        self,
        reader: FootageReader,
        recording: Recording,
        sampling: Sampling,
        bounds: tuple[datetime | None, datetime | None],
    ) -> Iterator[Trial]:
        started_at = recording.started_at or recording.added_at or _UNKNOWN
        rule = self._trial.rule if recording.started_at else replace(self._trial.rule, schedule=None)
        since, until = bounds if recording.started_at else (None, None)
        self._sentry.begin()
        self._write(self._book.begin(replace(recording, started_at=started_at)))
        told = self._trial.footage
        last = ZERO
        try:
            with reader.survey(recording.source, sampling, gated=False) as items:
                for item in items:
                    if not isinstance(item, Sampled) or item.frame is None:
                        continue
                    at = started_at + item.pts
                    if (since is not None and at < since) or (until is not None and at >= until):
                        continue
                    self._look(LiveFrame(item.frame, at), rule, recording.camera)
                    last = item.pts
                    if self._trial.footage - told >= TOLD_EVERY:
                        told = self._trial.footage
                        yield self._trial
        except BadMedia as error:
            self._tell(f"{recording.title}: {error}")
        self._write(self._book.finish(max(recording.length, last)))

    def ended(self) -> Trial:
        self._write(self._book.close())
        return self._trial

    def _look(self, live: LiveFrame, rule: AlertRule, camera: str) -> None:
        trial = self._trial
        watched = to_watch([rule], camera, live.taken_at)
        looked = self._sentry.look(live, watched)
        self._write(self._book.advance(live, [rule], looked))
        usage = self._before + self._sentry.usage
        self._trial = replace(
            self._trial,
            footage=trial.footage + self._period,
            watched=trial.watched + self._period * len(watched),
            blind=trial.blind + self._period * bool(looked.blind),
            asked=trial.asked + self._period * (usage.prompt_tokens > trial.usage.prompt_tokens),
            usage=usage,
        )
        if looked.problem:
            self._tell(looked.problem)

    def _tell(self, problem: str) -> None:
        if problem not in self._trial.problems:
            self._trial = replace(self._trial, problems=(*self._trial.problems, problem))

    def _write(self, changes: Sequence[AlertChange]) -> None:
        """Takes in what became of alerts: each stands in the trial as it was last told."""
        alerts = {alert.id: alert for alert in self._trial.alerts}
        for change in changes:
            if change.kind is NoticeKind.ALERT_NEW or change.alert.id in alerts:
                alerts[change.alert.id] = change.alert
        self._trial = replace(self._trial, alerts=tuple(alerts.values()))


def _reaches(recording: Recording, since: datetime) -> bool:
    """True where it goes on behind ``since``; of one under way nobody knows its length."""
    if recording.state is RecordingState.RECORDING:
        return True
    return recording.started_at is not None and recording.started_at + recording.length > since


def _place(recording: Recording) -> tuple[str, datetime, str]:
    return recording.camera, recording.started_at or _UNKNOWN, recording.id
