"""Images and masks: files, operations without a model, contact sheets."""
