"""Cameras: one confined child process for each session, which records what comes and hands over the frames."""
