"""One search over two databases."""
