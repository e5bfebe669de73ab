"""A model server that is looked after: vLLM started, watched, stopped and found again."""

from videoqa.serving.record import Running, found, running

__all__ = ["Running", "found", "running"]
