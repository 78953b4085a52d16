"""Takes every connection and never says a word."""

import os
import socket

listener = socket.create_server(("0.0.0.0", int(os.environ.get("PORT", "8090"))), backlog=512)
taken = []
while True:
    taken.append(listener.accept())
