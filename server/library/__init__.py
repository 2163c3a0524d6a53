"""The workflow library: named workflows with revisions, shared with some, all or nobody."""
