"""Model files into models, and models into others."""
