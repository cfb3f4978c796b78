"""The parts of speed.py and gpu.py: contenders, the turns they take, and what is measured besides."""
