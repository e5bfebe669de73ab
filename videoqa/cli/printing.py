"""What the commands print, for people and as wire models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from api.schemas.coverage import CoverageBody, CoverageDetails, CoveredSpanBody
from api.schemas.details import LookBody, RecordingDetails
from api.schemas.moments import AnswerBody, MomentBody, SearchBody
from api.schemas.recordings import RecordingBody
from api.schemas.refs import RecordingRef
from api.schemas.timeline import EventBody, GroupBody
from videoqa.answers import Answer, Moment
from videoqa.catalogue import Origin
from videoqa.errors import escaped
from videoqa.events import Source
from videoqa.health import Check
from videoqa.media import UNHEARD, Coverage, CoverageState, Recording, RecordingState
from videoqa.ports import AnalysisKind, PlannedGroup
from videoqa.times import SECOND, clock, clock_span

_SAID = {
    Source.SUBTITLE: "subtitle",
    Source.SLIDE: "slide text",
    Source.SHOT: "shot change",
    Source.MOTION: "motion",
    Source.TITLE: "title",
    Source.MODEL: "model",
    Source.SPEECH: "speech",
}
_UNSEEN = {
    CoverageState.STATIC: "static",
    CoverageState.GAP: "missing",
    CoverageState.DROPPED: "dropped",
    CoverageState.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Origins:
    """Where recordings come from, by their ids, and the zone by whose clock that is told."""

    known: Mapping[str, Origin] = field(default_factory=dict)
    zone: tzinfo = UTC

    def line(self, moment: Moment) -> str:
        """Of a camera's footage the wall clock and the camera first, since its recordings follow one another."""
        said = ", ".join(_SAID[source] for source in moment.sources)
        text, where = one_line(moment.text), f"{clock_span(moment.span)}  {one_line(moment.title)}"
        origin = self.known.get(moment.recording_id, Origin())
        if not origin.camera or origin.started_at is None:
            return f'{where}  "{text}"  ({said})'
        began, ended = (self._at(origin.started_at + time) for time in (moment.span.start, moment.span.end))
        until = f"{ended:%H:%M:%S}" if began.date() == ended.date() else f"{ended:%Y-%m-%d %H:%M:%S}"
        when = f"{began:%Y-%m-%d %H:%M:%S} to {until}"
        return f'{when}  {one_line(origin.camera_name)}  "{text}"  ({said}; {where})'

    def _at(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


def counted(number: int, thing: str) -> str:
    """``number`` of ``thing``, which takes an s."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def answer(found: Answer, origins: Origins) -> str:
    # The rest of the moments is for those who judge themselves: `search` and `--json` show them with their scores.
    likely = [moment for moment in found.moments if moment.score >= found.moments[0].score / 2]
    lines = [origins.line(moment) for moment in likely] if found.found else ["Nothing found."]
    if found.text and not (found.found and found.text == found.moments[0].text):
        lines.insert(0, one_line(found.text))
    lines += [f"note: {one_line(note)}" for note in found.notes]
    return "\n".join([*lines, looked_at(found.coverage)])


def grounded(found: Answer, origins: Origins) -> str:
    """What stands below the sentences of an answer that a model has given: the moments they cite, and what it took."""
    lines = [f"[{number}] {origins.line(moment)}" for number, moment in enumerate(found.moments, 1)]
    if not found.found and found.text is None:
        lines.append("Nothing found.")
    lines += [f"not it: {origins.line(citation.moment)}: {one_line(citation.sentence)}" for citation in found.rejected]
    lines += [f"note: {one_line(note)}" for note in found.notes]
    if found.usage.prompt_tokens:
        usage = found.usage
        cost = f", cost {usage.cost:.4f}" if usage.cost else ""
        tokens = f"{usage.prompt_tokens} tokens in ({usage.cached_tokens} cached), {usage.completion_tokens} out{cost}"
        lines.append(f"Looked at again by {one_line(found.given_by)}: {tokens}.")
    return "\n".join([*lines, looked_at(found.coverage)])


def answer_json(found: Answer, origins: Origins) -> str:
    return AnswerBody.of(found, origins.known).model_dump_json(indent=2)


def moments(found: Sequence[Moment], origins: Origins) -> str:
    return "\n".join(f"{moment.score:.2f}  {origins.line(moment)}" for moment in found) or "Nothing found."


def moments_json(found: Sequence[Moment], origins: Origins) -> str:
    told = tuple(MomentBody.of(moment, origins.known) for moment in found)
    return SearchBody(moments=told).model_dump_json(indent=2)


def looked_at(seen: Coverage) -> str:
    """How much of the footage was looked at, in one sentence."""
    if not seen.length:
        return "There is no footage of that; `videoqa list` shows what there is, and `videoqa index` takes some in."
    parts = [f"{clock(seen.analysed)} of {clock(seen.length)} analysed"]
    # What is shorter would read as 00:00:00: frames lie that far apart.
    parts += [f"{clock(seen.total(state))} {word}" for state, word in _UNSEEN.items() if seen.total(state) >= SECOND]
    return f"Looked at the pictures: {', '.join(parts)}; subtitles are read whole."


def recordings(found: Sequence[Recording]) -> str:
    if not found:
        return "There are no recordings yet; `videoqa index` takes some in."
    lines = [f"{'id':8}  {'length':8}  {'state':9}  title"]
    for recording in found:
        length = clock(recording.length) if recording.length else "-"
        lines.append(f"{recording.id:8}  {length:8}  {recording.state.value:9}  {one_line(recording.title)}")
        if recording.state is RecordingState.FAILED and recording.problems:
            lines.append(f"{'':31}{one_line(recording.problems[-1])}")
    return "\n".join(lines)


def recordings_json(found: Sequence[Recording]) -> str:
    return json.dumps([RecordingBody.from_domain(recording).model_dump(mode="json") for recording in found], indent=2)


def details(found: RecordingDetails) -> str:
    recording = found.recording
    lines = [
        f"{one_line(recording.title)}  ({recording.id}, {recording.state})",
        f"source    {escaped(recording.source or '')}",
    ]
    if recording.started_at is not None:
        lines.append(f"began     {recording.started_at.isoformat()}")
    lines += [f"note      {one_line(problem)}" for problem in recording.problems]
    if found.coverage is not None:
        lines.append(_shares(found.coverage))
    if found.model is not None:
        lines += _by_model(found.model)
    if found.chapters:
        lines += ["", "Chapters", *(f"  {_at(item.start)}  {one_line(item.title)}" for item in found.chapters)]
    if found.events:
        lines += ["", "Events"]
    lines += [f"  {_at(item.start)}-{_at(item.end)}  {item.source:6}  {_told(item)}" for item in found.events]
    if found.cues:
        lines += ["", f"{len(found.cues)} subtitle lines"]
    return "\n".join(lines)


def coverage(recording: Recording, kind: AnalysisKind, seen: Coverage | None, *, waits: bool = False) -> str:
    if seen is None and waits:
        return (
            f"The model's look at {one_line(recording.title)} waits until it answers; `videoqa index` goes on with it."
        )
    if seen is None and kind is AnalysisKind.MODEL:
        return f"No model has looked at {one_line(recording.title)} yet; `videoqa index` has one look where one is set."
    if seen is None:
        return f"{one_line(recording.title)} is not indexed ({recording.state.value})."
    lines = [f"{one_line(recording.title)}  {looked_at(seen)}"]
    lines += [f"  note: {one_line(problem)}" for problem in recording.problems if problem.startswith(UNHEARD)]
    lines += [
        f"  {clock_span(item.span)}  {item.state.value}" + (f", {counted(item.frames, 'frame')}" if item.frames else "")
        for item in seen.spans
    ]
    return "\n".join(lines)


def coverage_json(recording: Recording, kind: AnalysisKind, seen: Coverage | None, rules: Mapping[str, str]) -> str:
    """``rules`` are what rules are called, by their ids."""
    seen = seen or Coverage(recording.length)
    return CoverageDetails(
        recording=RecordingRef(id=recording.id, title=recording.title),
        kind=kind,
        coverage=CoverageBody.from_domain(seen),
        spans=tuple(CoveredSpanBody.from_domain(item, rules) for item in seen.spans),
    ).model_dump_json(indent=2)


def _by_model(look: LookBody) -> list[str]:
    usage = look.usage
    cost = f", cost {usage.cost:.4f}" if usage.cost else ""
    lines = [
        f"model     {one_line(look.model)}: {usage.prompt_tokens} tokens in, {usage.completion_tokens} out{cost}",
        f"          {_shares(look.coverage)}",
    ]
    if look.prompt:
        lines.append(f"prompt    {one_line(look.prompt)}")
    return lines + [f"failed    {one_line(failure)}" for failure in look.failures]


def _told(event: EventBody) -> str:
    text = one_line(event.description)
    if event.source != Source.MODEL:
        return text
    label = one_line(event.label)
    return text if label.casefold() in text.casefold() else f"{label}: {text}"


def plan(recording: Recording, planned: Sequence[PlannedGroup]) -> str:
    lines = [f"{one_line(recording.title)}: {counted(len(planned), 'group')} for a model"]
    lines += [
        f"  {item.group.number:4}  {clock_span(item.group.span)}  {len(item.group.times):5} frames"
        f"  {len(item.group.cues):5} cues  {item.tokens:7} tokens"
        for item in planned
    ]
    return "\n".join(lines)


def plan_json(planned: Sequence[PlannedGroup]) -> str:
    return json.dumps([GroupBody.from_domain(item.group, item.tokens).model_dump() for item in planned], indent=2)


def checks(found: Sequence[Check]) -> str:
    lines = []
    for check in found:
        mark = "BROKEN" if check.broken else "ok" if check.works else "-"
        lines.append(f"{mark:6}  {check.name}: {check.detail}")
        if check.remedy and not check.works:
            lines.append(f"{'':8}{check.remedy}")
    return "\n".join(lines)


def checks_json(found: Sequence[Check]) -> str:
    return json.dumps(
        [{"name": check.name, "works": check.works, "detail": check.detail, "remedy": check.remedy} for check in found],
        indent=2,
    )


def one_line(text: str) -> str:
    """``text`` with every line break and control character shown as a space."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _shares(body: CoverageBody) -> str:
    states = {name: value for name, value in body.model_dump().items() if name != "length" and value}
    return f"coverage  {body.length:.1f} s: " + ", ".join(f"{value:.1f} s {name}" for name, value in states.items())


def _at(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
