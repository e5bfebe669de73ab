"""The alert log as it grows, told to whoever follows it: over a WebSocket, or as server-sent events."""

SOCKET = "/v1/alerts/ws"
