"""Jobs: accepted, ordered, dispatched, recorded."""
