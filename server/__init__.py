"""The server behind `weft serve`: durable jobs, live events, files, and ComfyUI's protocol.

Imports no torch: pictures are computed in worker processes.
"""
