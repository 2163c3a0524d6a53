"""What a run is made of: threads, cancelling, lazy inputs, traces, and who holds memory."""
