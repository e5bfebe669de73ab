"""A model behind an OpenAI-compatible server that looks at frames and answers about them."""
