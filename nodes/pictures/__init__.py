"""Pictures and masks: from files, to files, changed."""
