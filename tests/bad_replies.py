"""Replies no analysis may be made of, by what is wrong with them. None of them may be read as "nothing happened"."""

from __future__ import annotations

import json

from tests.scripted_model import Failed, Raw, Reply, Reset, Said, Stalled, StreamDone, StreamFailed


def _event(**changes: object) -> dict[str, object]:
    return {"label": "man", "description": "A man walks.", "first": "0.5", "last": "2.5", "certainty": 0.9} | changes


def _reply(*events: object, **changes: object) -> dict[str, object]:
    return {"events": list(events), "summary": "A man."} | changes


_WHOLE = json.dumps(_reply(_event()))

#: What all others are spoilt from: of frames under the stamps 0.5 and 2.5.
GOOD = Said(_WHOLE)

#: What came back cannot be read as the schema at all: a failed look.
UNREADABLE: dict[str, Said] = {
    "cut in the middle of an event": Said(_WHOLE[:60], finish="length"),
    "cut, and yet whole": Said(_WHOLE, finish="length"),
    "cut in a string, said to be finished": Said(_WHOLE[:25]),
    "empty": Said(""),
    "white space": Said(" \n\t" * 50),
    "thinking alone": Said("", thinking="A man walks, I think."),
    "prose": Said("A man walks from left to right between 0.5 and 2.5 seconds."),
    "a refusal": Said("I'm sorry, but I can't help with identifying people."),
    "a list": Said([_event()]),
    "null": Said("null"),
    "a number": Said("12.5"),
    "no events": Said({"summary": "A man."}),
    "events null": Said(_reply(events=None)),
    "events a text": Said(_reply(events="a man")),
    "events an object": Said(_reply(events=_event())),
    "an event that is a text": Said(_reply("a man")),
    "a label that is a number": Said(_reply(_event(label=7))),
    "a label that is a list": Said(_reply(_event(label=["man"]))),
    "no label": Said(_reply({"description": "", "first": 0.5, "last": 0.5, "certainty": 1.0})),
    "an empty label": Said(_reply(_event(label="   "))),
    "a first that is a word": Said(_reply(_event(first="soon"))),
    "a first that is null": Said(_reply(_event(first=None))),
    "a first that is true": Said(_reply(_event(first=True))),
    "a first that is a list": Said(_reply(_event(first=[0.5]))),
    "NaN": Said('{"events":[{"label":"man","description":"","first":NaN,"last":2.5,"certainty":0.9}],"summary":""}'),
    "Infinity": Said(
        '{"events":[{"label":"man","description":"","first":0.5,"last":Infinity,"certainty":1}],"summary":""}'
    ),
    "a number beyond any float": Said(
        '{"events":[{"label":"man","description":"","first":1e999,"last":2.5,"certainty":1}],"summary":""}'
    ),
    "a number of ten thousand digits": Said(
        '{"events":[{"label":"man","description":"","first":'
        + "9" * 10_000
        + ',"last":2.5,"certainty":1}],"summary":""}'
    ),
    "certainty above one": Said(_reply(_event(certainty=17))),
    "certainty a word": Said(_reply(_event(certainty="high"))),
    "nested a thousand deep": Said("[" * 5000 + "]" * 5000),
    "a thousand events": Said(_reply(*[_event()] * 1000)),
    "junk": Said("\ufffd\x00\u202e{\u0000}\ud83d"),
    "two objects": Said(_WHOLE + _WHOLE),
}

#: The schema, wrapped in what models like to put around it. May be unwrapped, may be refused; never read as no events.
WRAPPED: dict[str, Said] = {
    "in a fence": Said(f"```json\n{_WHOLE}\n```"),
    "prose around it": Said(f"Here is what I saw:\n{_WHOLE}\nLet me know if you need more."),
    "behind its thoughts": Said(f"<think>\nA man, I think. {{not this}}\n</think>\n\n{_WHOLE}"),
    "behind a byte order mark": Said("\ufeff" + _WHOLE),
}

#: The schema is kept, and what is said is of other times than were shown: dropped and counted.
UNCITED: dict[str, Said] = {
    "before the group": Said(_reply(_event(first=-4.0, last=-2.0))),
    "behind the group": Said(_reply(_event(first=99_999.5, last=99_999.9))),
    "between two stamps": Said(_reply(_event(first=1.37, last=1.37))),
    "the end before the beginning": Said(_reply(_event(first=2.5, last=0.5))),
}

#: The server refuses or is gone, each as its kind: worth another try or not.
REFUSED: dict[str, Failed] = {
    "400": Failed(400, "1 validation error: " + "[255, 216, 255] " * 5000),
    "400 of the context": Failed(
        400, "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens."
    ),
    "404": Failed(404, "The model `other` does not exist."),
    "422": Failed(422, "unprocessable"),
}
BARRED = Failed(401, "Unauthorized")  # by a server that let one in before: its key was changed meanwhile
BUSY: dict[str, Failed] = {
    "429": Failed(429, "slow down", (("Retry-After", "0"),)),
    "500": Failed(500, "EngineCore encountered an issue. See stack trace (above) for the root cause."),
    "502 of a proxy": Failed(502, plain=True),
    "503": Failed(503, "The request queue is full."),
    "504 of a proxy": Failed(504, plain=True),
}
BROKEN: dict[str, Reply] = {
    "reset": Reset(),
    "reset in the middle of a body": Reset(after_bytes=40),
    "a stall": Stalled(60.0),
}

#: A 200 that is not the protocol.
NO_PROTOCOL: dict[str, Raw] = {
    "a page": Raw(b"<html>Welcome</html>", "text/html"),
    "no bytes": Raw(b""),
    "no choices": Raw(b'{"choices": [], "usage": null}'),
    "an error under 200": Raw(b'{"error": {"message": "no", "type": "x", "param": null, "code": 500}}'),
    "content null": Raw(b'{"choices": [{"message": {"role": "assistant", "content": null}, "finish_reason": "stop"}]}'),
    "bytes that are no UTF-8": Raw(b'{"choices": [{"message": {"content": "\xff\xfe"}, "finish_reason": "stop"}]}'),
}
STREAMS: dict[str, Reply] = {
    "an error event": StreamFailed(),
    "an error event at once": StreamFailed(said=""),
    "[DONE] alone": StreamDone(),
    "a stall behind the first words": Stalled(60.0),
    "cut off": Raw(
        b'data: {"choices": [{"delta": {"content": "A man "}, "finish_reason": null}]}\n\n', "text/event-stream"
    ),
    "an event that is no JSON": Raw(b"data: {oops\n\ndata: [DONE]\n\n", "text/event-stream"),
}
