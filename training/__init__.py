"""Scripts that made thimble, weft's built-in model family: data, training, export."""
