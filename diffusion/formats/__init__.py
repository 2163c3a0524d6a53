"""File formats: headers, key layouts, what tensor shapes tell about a network. No torch here."""
