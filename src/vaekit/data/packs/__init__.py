"""Packs: decoded examples in a folder, mapped when they are read; the cache holds nothing else."""
