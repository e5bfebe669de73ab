"""Files that only call themselves footage; ``{victim}`` is the path of one that they would have opened."""

from __future__ import annotations

NO_FOOTAGE = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{victim}\n#EXT-X-ENDLIST\n",
    "remote playlist": "#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:9/x.ts\n",
    "ffconcat": "ffconcat version 1.0\nfile '{victim}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "html": "<!DOCTYPE html><html><video src='{victim}'></video></html>",
    "45 bytes": "ffconcat version 1.0\nfile 'b-frames.mp4'   ",
    "0 bytes": "",
    "text": "The quick brown fox jumps over the lazy dog. " * 500,
    "subtitles": "1\n00:00:01,000 --> 00:00:02,000\nhello\n",
}
