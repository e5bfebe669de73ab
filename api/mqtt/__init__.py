"""The alert log as it grows, told to an MQTT broker, with what Home Assistant needs to show it by itself."""
