"""The graph machine: documents, validation, planning, keys, cache, running, events.

Knows nothing of pictures: no torch, no diffusion. Its parts, in the order in which a run meets
them:

    document, workflow    the file and what a script does with it
    node, registry        which node types there are
    validate -> plan -> run -> events
    keys, values, cache   what is known already
    workspace, paths      which files may be used
    sweep, outputs        one workflow with values varied, and which output shows it
    purity, contract      whether nodes keep to the rules; testing: what a run did
"""
