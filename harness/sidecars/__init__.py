"""The grader's own small containers: feature store, alert receiver, isolation probe, root helper. Standard library only.

Copied whole to /opt/sidecars of the sidecar image and started there as `python3 -m sidecars.<name>` with /opt as the working
directory; nothing here imports anything from outside of this folder.
"""
