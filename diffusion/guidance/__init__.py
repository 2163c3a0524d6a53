"""Rules of guidance: what changes the two sides, their sum, or the network while it is asked."""
