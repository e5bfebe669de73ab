"""An alert log in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from videoqa.alerts import MOST_REMARKS, TOLD_REMARKS, Alert, AlertState, Notice, NoticeKind, Remark, let_go
from videoqa.cameras import CameraStatus, Gap, farewell
from videoqa.errors import TooManyRemarks, UnknownAlert
from videoqa.ports import AlertChange, AlertFilter
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.cameras import MemoryCameras
from videoqa.wording import ToldNotice, told_of

News = tuple[NoticeKind, Alert | CameraStatus | Gap]


class MemoryAlertLog:
    """Implements ``AlertLog``. Safe to use from several threads at once.

    Status and gaps go to ``cameras``, events to ``archive``.
    """

    def __init__(self, cameras: MemoryCameras | None = None, archive: MemoryArchive | None = None) -> None:
        self._cameras = cameras or MemoryCameras()
        self._lock = self._cameras.lock
        self._archive = archive or MemoryArchive()
        self._alerts: dict[str, Alert] = {}
        self._notices: list[Notice] = []
        self._seq = 0
        self._cameras.tell_removal = self._tell_removal

    def write(self, changes: Sequence[AlertChange | CameraStatus | Gap]) -> tuple[Notice, ...]:
        with self._lock:
            before = dict(self._alerts)
            try:
                news = [each for change in changes for each in self._put(change)]
            except ValueError:
                self._alerts = before
                raise
            return self._noted(news)

    def notices(self, after_seq: int, limit: int = 500) -> tuple[Notice, ...]:
        with self._lock:
            return tuple(notice for notice in self._notices if notice.seq > after_seq)[:limit]

    def told(self, after_seq: int, limit: int = 500) -> tuple[ToldNotice, ...]:
        return tuple(map(told_of, self.notices(after_seq, limit)))

    def last_seq(self) -> int:
        return self._seq

    def oldest_seq(self) -> int:
        with self._lock:
            return self._notices[0].seq if self._notices else self._seq + 1

    def alert(self, alert_id: str) -> Alert | None:
        with self._lock:
            alert = self._alerts.get(alert_id)
            return None if alert is None else self._shown(alert)

    def alerts(self, wanted: AlertFilter, after: str | None = None, limit: int = 50) -> tuple[Alert, ...]:
        with self._lock:
            if after is not None and after not in self._alerts:
                raise UnknownAlert(name=after)
            last = None if after is None else _place(self._alerts[after])
            found = (alert for alert in self._alerts.values() if self._wanted(wanted, alert))
            later = (alert for alert in found if last is None or _place(alert) < last)
            return tuple(map(self._shown, sorted(later, key=_place, reverse=True)))[:limit]

    def open_alerts(self, camera: str = "") -> tuple[Alert, ...]:
        with self._lock:
            wanted = (each for each in self._alerts.values() if camera in ("", each.camera))
            lasting = (each for each in wanted if each.state is AlertState.OPEN)
            return tuple(map(self._shown, sorted(lasting, key=_place)))

    def tells_of(self, camera: str) -> bool:
        with self._lock:
            return any(notice.camera == camera for notice in self._notices)

    def latest(self, rule: str, camera: str, limit: int = 20) -> tuple[Alert, ...]:
        with self._lock:
            ended = (each for each in self._alerts.values() if (each.rule, each.camera) == (rule, camera) and each.end)
            found = sorted(ended, key=lambda alert: (alert.end or alert.start, alert.id), reverse=True)
            return tuple(self._shown(each) for each in found if each.state is AlertState.ENDED)[:limit]

    def judge(
        self,
        alert_id: str,
        author: str,
        *,
        acknowledge: bool = False,
        false_alarm: bool | None = None,
        remark: str = "",
    ) -> Alert:
        with self._lock:
            before = self.alert(alert_id)
            if before is None:
                raise UnknownAlert(name=alert_id)
            if remark and len(before.remarks) >= MOST_REMARKS:
                raise TooManyRemarks(name=alert_id, limit=MOST_REMARKS)
            after = replace(
                before,
                acknowledged_by=before.acknowledged_by or (author if acknowledge else ""),
                false_alarm=before.false_alarm if false_alarm is None else false_alarm,
                remarks=(*before.remarks, Remark(datetime.now(UTC), author, remark)) if remark else before.remarks,
            )
            self._alerts[alert_id] = after
            if after != before:
                self._noted([(NoticeKind.ALERT_UPDATE, after)])
            return after

    def forget(self, before: datetime) -> int:
        with self._lock:
            first = next((number for number, notice in enumerate(self._notices) if notice.at >= before), None)
            gone = len(self._notices) if first is None else first
            del self._notices[:gone]
            ended = [each for each in self._alerts.values() if each.state is AlertState.ENDED and each.end]
            for alert in ended:
                if alert.end and alert.end < before:
                    del self._alerts[alert.id]
            return gone

    def _put(self, change: AlertChange | CameraStatus | Gap) -> Iterator[News]:
        match change:
            case AlertChange():
                yield from self._put_alert(change)
            case CameraStatus():
                if self._cameras.is_there(change.camera) and self._cameras.put_status(change):
                    yield NoticeKind.CAMERA_STATUS, change
            case Gap():
                if self._cameras.is_there(change.camera) and self._cameras.put_gap(change):
                    yield NoticeKind.GAP, change

    def _put_alert(self, change: AlertChange) -> Iterator[News]:
        alert, event = change.alert, change.event
        if event is not None and not self._archive.put(event, is_open=alert.state is AlertState.OPEN):
            alert = replace(alert, recording="" if alert.recording == event.recording_id else alert.recording)
        before = self.alert(alert.id)
        if before is None:
            self._alerts[alert.id] = alert
            yield change.kind, alert
            return
        if before.state is AlertState.ENDED and not self._cameras.is_there(alert.camera):
            return
        after = replace(
            alert,
            recording=before.recording and alert.recording,
            acknowledged_by=before.acknowledged_by,
            false_alarm=before.false_alarm,
            remarks=before.remarks,
        )
        self._alerts[alert.id] = after
        if replace(after, seen_at=None) == replace(before, seen_at=None):
            return
        ended_before = change.kind is NoticeKind.ALERT_END and before.state is AlertState.ENDED
        told_before = change.kind is NoticeKind.ALERT_NEW or ended_before
        yield (NoticeKind.ALERT_UPDATE if told_before else change.kind), after

    def _tell_removal(self, camera: str, status: CameraStatus | None, tags: tuple[str, ...]) -> None:
        with self._lock:
            ended = [let_go(alert, status) for alert in self.open_alerts(camera)]
            self._alerts |= {alert.id: alert for alert in ended}
            news: list[News] = [(NoticeKind.ALERT_END, alert) for alert in ended]
            noted = self._noted([*news, (NoticeKind.CAMERA_STATUS, farewell(camera, status))])
            self._notices[-len(noted) :] = [replace(notice, tags=tags) for notice in noted]

    def _noted(self, news: Sequence[News]) -> tuple[Notice, ...]:
        now = datetime.now(UTC)
        noted = []
        for kind, told in news:
            self._seq += 1
            match told:
                case Alert():
                    newest = replace(told, remarks=told.remarks[-TOLD_REMARKS:])
                    noted.append(Notice(self._seq, kind, now, alert=newest))
                case CameraStatus():
                    noted.append(Notice(self._seq, kind, now, status=told))
                case Gap():
                    noted.append(Notice(self._seq, kind, now, gap=told))
        self._notices += noted
        return tuple(noted)

    def _shown(self, alert: Alert) -> Alert:
        """Without its recording where that was removed."""
        return replace(alert, recording="") if self._archive.was_removed(alert.recording) else alert

    def _wanted(self, wanted: AlertFilter, alert: Alert) -> bool:
        camera = self._cameras.with_id(alert.camera)
        return (
            (not wanted.cameras or alert.camera in wanted.cameras)
            and (not wanted.rules or alert.rule in wanted.rules)
            and (not wanted.severities or alert.severity in wanted.severities)
            and (wanted.since is None or alert.start >= wanted.since)
            and (wanted.until is None or alert.start < wanted.until)
            and wanted.scope.covers(() if camera is None else camera.tags, alert.camera)
        )


def _place(alert: Alert) -> tuple[datetime, str]:
    return alert.start, alert.id
