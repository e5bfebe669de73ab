"""Alerts from what cameras show: which rule holds, which alert that is, what is told of it."""
