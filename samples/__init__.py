"""Recordings with known events, drawn by a script, for the demo, the bench and the soak."""
