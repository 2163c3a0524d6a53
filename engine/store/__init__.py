"""Caches: digests, keys, results in memory and on disk, and the reasons of cache misses."""
