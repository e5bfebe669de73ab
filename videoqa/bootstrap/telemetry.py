"""OpenTelemetry, where the extra is installed and somebody has said where its spans are to go."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videoqa import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_log = logging.getLogger(__name__)
_WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEADER = "traceparent"


def begin(process: str) -> None:
    """Has the spans of this process exported over OTLP, as the environment's ``OTEL_*`` says; else nothing."""
    if not any(os.environ.get(name) for name in _WHERE):
        return
    if not _is_installed():
        _log.warning('traces are asked for and cannot be made; pip install "videoqa[telemetry]"')
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "videoqa"), "process": process})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracing.begin(OtelTracer(provider))


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # nothing of it is
        return False


class OtelTracer:
    """Implements ``videoqa.tracing.Tracer`` over a provider of spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("videoqa")

    @contextmanager
    def span(self, name: str, remote: str, *, current: bool) -> Iterator[tracing.Span]:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract({_HEADER: remote}) if remote else None
        span = self._tracer.start_span(name, parent)
        if current:
            with trace.use_span(span, end_on_exit=True):
                yield _Told(span)
            return
        try:
            yield _Told(span)
        except Exception as error:
            span.record_exception(error)
            span.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            span.end()

    def traceparent(self) -> str:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return carrier.get(_HEADER, "")


class _Told:
    def __init__(self, span: Span) -> None:
        self._span = span

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def set(self, attributes: Mapping[str, tracing.Attribute]) -> None:
        self._span.set_attributes(attributes)
