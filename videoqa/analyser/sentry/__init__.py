"""Watches what a camera shows for the conditions of rules: by signals, and with a model."""
