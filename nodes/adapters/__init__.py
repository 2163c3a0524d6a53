"""What steers a network beside its prompt."""
