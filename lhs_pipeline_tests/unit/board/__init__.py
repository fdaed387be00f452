"""The board: what people read."""
