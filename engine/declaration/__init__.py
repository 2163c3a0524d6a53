"""The interface for node authors: typed functions as nodes, their sockets, widgets and contract."""
