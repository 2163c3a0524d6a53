"""From names in documents to files in the folders that a run may use."""
