"""Broken and malicious files through everything that reads what strangers send."""
