# What the grader's own containers need beyond Python: packet filters, traffic control, process tools.
ARG BASE
FROM ${BASE}
RUN apt-get update -q \
    && apt-get install -q -y --no-install-recommends iptables iproute2 procps \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
