"""From observations to events, and from events and cues to chapters. Pure."""
