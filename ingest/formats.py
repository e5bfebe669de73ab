"""The containers that are opened, and no others: some of the rest are lists of further files to read."""

from __future__ import annotations

FORMATS = "MP4, MOV, 3GP, Matroska, WebM, AVI and MPEG-TS"
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts"
