"""Connections before HTTP: how many there may be, and how long they may take.

aiohttp waits for a request, its body and its reader as long as they like. Here every connection is
counted, and closed when it is too slow; where no room is left, the ones that wait make some.
"""
