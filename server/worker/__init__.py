"""Worker processes, and how the server talks to them."""
