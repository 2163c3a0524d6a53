"""Pictures and masks: files, operations that need no model, contact sheets."""
