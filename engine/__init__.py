"""The graph machine: documents, validation, planning, keys, cache, running, events.

Knows nothing of pictures: no torch, no diffusion. Its rooms, in the order in which a run meets
them:

    graph          workflow files: what stands in them, subgraphs, maps, sweeps, differences
    comfy          workflows of ComfyUI, read and written
    declaration    node types: functions, sockets, widgets, and whether they keep their contract
    files          from names in documents to files that may be used
    store          what is known already: digests, keys, results in memory and on disk
    running        threads, cancelling, lazy inputs, traces
    share          a workflow with all that it needs, for somewhere else

`engine` puts them together: validate -> plan -> run -> events.
"""
