"""The `weft` command: a thin user of the library. Heavy imports happen inside the commands."""
