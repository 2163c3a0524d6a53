"""Things at places in the image: GLIGEN."""
