"""The composition root: the only place that names concrete classes. Each part is made when it is first used."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from videoqa.bootstrap.readers import Readers
from videoqa.bootstrap.stores import CAMERAS
from videoqa.catalogue import resolve
from videoqa.errors import NoModel, NotIndexed
from videoqa.media import Progress, Recording, Sampling
from videoqa.ports import AnalysisKind, PlannedGroup
from videoqa.settings import Settings

if TYPE_CHECKING:
    from ingest.camera.session import SandboxedCameras
    from videoqa.alerting.closing import Closing
    from videoqa.alerting.retention import Retention
    from videoqa.alerting.setting_up import SettingUp
    from videoqa.alerting.trying import Trials
    from videoqa.answering.answering import Answering
    from videoqa.answering.describing import Describing
    from videoqa.answering.grounded import GroundedAnswering
    from videoqa.evaluation.scoring import Report
    from videoqa.health import Check
    from videoqa.ports import Job, Sentries


_HEADROOM = 256 * 2**20
"""Bytes over the reserve from which on cameras' footage makes room, so that no recording has to end for want of it."""
_CHILDREN_AHEAD = 8
"""As many cameras as come back at once, behind one switch, say; each takes the memory of a camera that is there."""


@cache
def house() -> House:
    """The parts, put together by the environment's settings."""
    return House(Settings.read(os.environ))


class House(Readers):
    """Every part by its name. What is heavy (decoder, OCR, workflow engine) is imported only where it is used."""

    @cached_property
    def live_source(self) -> SandboxedCameras:
        from ingest.camera.addresses import camera_policy
        from ingest.camera.session import LiveSettings, SandboxedCameras
        from ingest.camera.sources import Sources

        settings = LiveSettings(
            roll=timedelta(minutes=self.settings.camera_minutes),
            long_side=self.settings.long_side,
            max_pixels=self.settings.max_pixels,
            ahead=_CHILDREN_AHEAD,
            reserve=self._reserve,
        )
        return SandboxedCameras(Sources(camera_policy(self.settings.camera_private)), settings)

    @cached_property
    def sentries(self) -> Sentries:
        """Those who look for what rules are about, with the model where there is one."""
        from videoqa.bootstrap.sentries import sentries

        return sentries(self.model, self.folder / CAMERAS)

    @cached_property
    def trials(self) -> Trials:
        """Rules tried on footage that is there."""
        from videoqa.alerting.trying import Trials

        sampling = Sampling(long_side=self.settings.long_side)
        return Trials(self.archive, self.reader, self.sentries, sampling)

    @cached_property
    def closing(self) -> Closing:
        """The way of what a camera has recorded into the archive."""
        from ingest.camera.file import holds_media, mend
        from videoqa.alerting.closing import Closing
        from videoqa.passages import passages

        return Closing(
            self.archive,
            self.reader,
            self.files,
            passages,
            self.jobs,
            self.remove,
            holds_media,
            by_model=lambda: self.model is not None,
            mend=mend,
        )

    @cached_property
    def retention(self) -> Retention:
        """How long the footage of cameras is kept."""
        from videoqa.alerting.retention import Retention

        return Retention(
            self.archive,
            self.pins,
            self.alert_log,
            self.cameras.limits,
            self.remove,
            size_of=lambda recording: _size(self.footage_of(recording) or Path(recording.source)),
            lacking=lambda: self._reserve + _HEADROOM - shutil.disk_usage(self.folder).free,
        )

    @cached_property
    def setting_up(self) -> SettingUp:
        """Cameras and rules as somebody sets them up."""
        from ingest.camera.addresses import camera_policy, check
        from videoqa.alerting.setting_up import SettingUp

        policy = camera_policy(self.settings.camera_private)
        return SettingUp(
            self.cameras, self.rules, lambda url: check(url, policy), self.has_of, lambda: self.model is not None
        )

    @cached_property
    def answering(self) -> Answering:
        from videoqa.answering.answering import Answering

        return Answering(self.search, self.archive, self.lexicon, self.zone, cameras=self.cameras)

    @property
    def grounded(self) -> GroundedAnswering | None:
        """Answers that a model has checked; None where there is no model."""
        room = self.model
        if room is None:
            return None
        from videoqa.answering.grounded import GroundedAnswering

        return GroundedAnswering(self.answering, self.archive, room.closeups, room.grounder)

    @cached_property
    def describing(self) -> Describing:
        """Descriptions and summaries by a model.

        Raises:
            NoModel: none is set.
        """
        from videoqa.answering.describing import Describing

        room = self.model
        if room is None:
            raise NoModel
        return Describing(self.archive, room.closeups, room.grounder)

    @property
    def watched(self) -> bool:
        """True where a process lives that watches the cameras."""
        from videoqa.jobs.slots import Slot

        return Slot(self.folder, "live").held()

    @property
    def served(self) -> bool:
        """True where a service lives over the data directory; one that has just begun does not watch yet."""
        from videoqa.bootstrap.neighbours import is_served

        return is_served(self.folder)

    def resolve(self, name: str) -> Recording:
        return resolve(name, self.archive.recordings())

    @property
    def _reserve(self) -> int:
        """Bytes of the disk that footage from outside leaves free."""
        return self.settings.disk_reserve_mb * 2**20

    def progress_of(self, job: Job) -> Progress | None:
        recording_id = job.recording_id or self.jobs.recording_of(job.id)
        return None if recording_id is None else self.archive.progress(recording_id)

    def waits_for_model(self, recording: Recording) -> bool:
        """True where a look by the model was begun and cannot go on."""
        from videoqa.pipeline.looking import WAITING

        progress = self.archive.progress(recording.id)
        return progress is not None and progress.stage == WAITING

    def plan(self, recording: Recording) -> tuple[PlannedGroup, ...]:
        """The groups that the kept frames and cues of ``recording`` make for the model, with their tokens.

        Without a model, those that fill a context of the size that is set.

        Raises:
            NotIndexed: nothing was kept of it yet.
            ModelUnreachable: the model that is set does not answer.
        """
        from videoqa.analyser.budget import Budget, TokenRoom
        from videoqa.analyser.grouping import groups

        by_model = self.archive.finished_analysis(recording.id, AnalysisKind.MODEL)
        analysis = by_model or self.archive.finished_analysis(recording.id)
        if analysis is None:
            raise NotIndexed(title=recording.title)
        size = analysis.size or (0, 0)
        cues = self.archive.cues(recording.id)
        room = self.model
        if room is not None:
            budget = room.analyser.budget
            planned = room.analyser.plan(analysis.times, cues, size, recording.length)
        else:
            budget = Budget(context=self.settings.context)
            planned = groups(analysis.times, cues, recording.length, lambda: TokenRoom(budget, size), overlap=2)
        return tuple(PlannedGroup(group, budget.cost(group.times, group.cues, size)) for group in planned)

    def evaluate(self, truth: Path) -> Report:
        from videoqa.evaluation.evaluating import evaluate

        return evaluate(truth, self.grounded or self.answering, self.archive)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def diagnose() -> tuple[Check, ...]:
    """What works on this machine and what is missing."""
    from videoqa.bootstrap.checks import checks

    return checks(house())
