"""What is known already: digests, keys, results in memory and on disk, and why one is not."""
