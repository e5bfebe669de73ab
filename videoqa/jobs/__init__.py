"""Durable work: what was submitted is carried out, through kills and restarts, once."""
