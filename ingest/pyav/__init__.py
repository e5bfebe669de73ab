"""Footage through PyAV; no other package knows it."""

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.pyav.decoder import Decoder
from ingest.pyav.footage import Footage, open_footage
from ingest.pyav.pieces import Line, Piece

__all__ = ["Decoder", "Footage", "Line", "Packet", "Piece", "VideoFrame", "VideoStream", "open_footage"]
