"""The service as others see it: wire models, and the routes that carry them."""
