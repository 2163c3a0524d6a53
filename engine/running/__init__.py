"""The parts of a run: threads, cancelling, lazy inputs, traces, memory reports."""
