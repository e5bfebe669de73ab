"""From a file or a stream to sampled, gated and grouped frames."""
