"""A connection to an MQTT broker that comes back by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from api.mqtt.topics import DOWN, UP, Word, status_topic
from api.service import Broker
from videoqa.errors import MissingPart

try:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError:  # the extra is not installed
    paho = None  # type: ignore[assignment]

_AT_LEAST_ONCE = 1
_KEEP_ALIVE_SECONDS = 30
_LONGEST_PAUSE = 60
_log = logging.getLogger(__name__)


class BrokerLine:
    """Says words to ``broker``, and that the service is there; the broker says itself when it is not any more."""

    def __init__(self, broker: Broker, name: str) -> None:
        """``name`` is what the broker knows the connection by.

        Raises:
            MissingPart: the extra is not installed.
        """
        if paho is None:
            raise MissingPart(part="paho-mqtt", remedy="run `pip install 'videoqa[mqtt]'`")
        self._broker = broker
        self._up = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=True)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._gone
        self._client.will_set(status_topic(broker), DOWN, qos=_AT_LEAST_ONCE, retain=True)
        self._client.reconnect_delay_set(1, _LONGEST_PAUSE)
        if broker.user:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.encrypted:
            self._client.tls_set()

    def open(self) -> None:
        """Connects, now or when the broker is there."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEP_ALIVE_SECONDS)
        self._client.loop_start()

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    def say(self, words: Sequence[Word], patience: float) -> bool:
        """True when the broker has all of them; False where it is not there, or does not answer in time."""
        if not self._up.wait(patience):
            return False
        said = [
            self._client.publish(word.topic, word.text.encode(), qos=_AT_LEAST_ONCE, retain=word.kept) for word in words
        ]
        try:
            for each in said:
                each.wait_for_publish(patience)
        except (ValueError, RuntimeError):
            return False
        return all(each.is_published() for each in said)

    def close(self) -> None:
        """Takes leave."""
        if self.is_up:
            self.say((Word(status_topic(self._broker), DOWN, kept=True),), 1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: object, data: object, flags: object, reason: object, properties: object) -> None:
        if getattr(reason, "is_failure", False):
            _log.warning("the MQTT broker refuses the service: %s", reason)
            return
        self._client.publish(status_topic(self._broker), UP, qos=_AT_LEAST_ONCE, retain=True)
        self._up.set()
        _log.info("the MQTT broker is told of alerts")

    def _gone(self, client: object, data: object, flags: object, reason: object, properties: object) -> None:
        self._up.clear()
