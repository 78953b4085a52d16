"""Choosing a subnet and a bridge name that meet nobody else's."""

from __future__ import annotations

import ipaddress
import re

from harness.sandbox.network import BRIDGE_PATTERN, POOL, bridge_name, free_subnets, routed_networks

TABLE = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000400A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def test_the_hosts_routes_are_read() -> None:
    assert routed_networks(TABLE) == [ipaddress.ip_network("10.64.0.0/16")]


def test_subnets_are_in_the_pool_and_avoid_what_is_taken() -> None:
    taken = [ipaddress.IPv4Network("10.64.0.0/11")]
    subnets = free_subnets("a run", taken)
    assert len(subnets) == 20
    assert all(subnet.subnet_of(POOL) and not subnet.overlaps(taken[0]) for subnet in subnets)
    assert free_subnets("a run", taken) == subnets
    assert free_subnets("another run", taken) != subnets


def test_a_full_pool_offers_nothing() -> None:
    assert free_subnets("a run", [POOL]) == []


def test_bridge_names_fit_the_kernel_and_the_sweep() -> None:
    names = {bridge_name(f"run-{n}") for n in range(100)}
    assert len(names) == 100
    assert all(len(name) <= 15 and re.fullmatch(BRIDGE_PATTERN, name) for name in names)
