"""Footage goes in, every second of it becomes searchable, and a question comes back as a moment you can play."""
