"""File formats: headers, key layouts, and what tensor shapes tell about a network. No torch here."""
