"""What node authors write: typed functions as nodes, their sockets, widgets and contract."""
