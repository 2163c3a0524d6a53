"""ComfyUI's protocol, spoken by weft's own services.

Scripts, clients and editors made for ComfyUI work unchanged, at `/x` and at `/api/x`. Nothing here
keeps state of a job; what its clients want to find again lies with the job.
"""
