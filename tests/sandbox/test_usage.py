"""Reading cgroup files of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.sandbox.usage import read_usage

MIB = 1 << 20


def test_version_1_files_are_read(tmp_path: Path) -> None:
    files = {
        "cpuacct.usage": "1500000000\n",
        "cpu.stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 250000000\n",
        "memory.usage_in_bytes": f"{100 * MIB}\n",
        "memory.stat": f"cache 1\ntotal_inactive_file {20 * MIB}\ntotal_active_file {10 * MIB}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    usage = read_usage({"cpuacct": tmp_path, "cpu": tmp_path, "memory": tmp_path})
    assert (usage.cpu_s, usage.throttled_s, usage.nr_throttled, usage.memory_bytes) == (1.5, 0.25, 4, 70 * MIB)


def test_version_2_files_are_read(tmp_path: Path) -> None:
    files = {
        "cpu.stat": "usage_usec 1500000\nuser_usec 1\nsystem_usec 1\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n",
        "memory.current": f"{100 * MIB}\n",
        "memory.stat": f"anon 1\ninactive_file {20 * MIB}\nactive_file {10 * MIB}\nshmem 5\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    usage = read_usage({"": tmp_path})
    assert (usage.cpu_s, usage.throttled_s, usage.nr_throttled, usage.memory_bytes) == (1.5, 0.25, 4, 70 * MIB)


def test_a_container_that_is_gone_is_an_error_not_a_zero(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        read_usage({"": tmp_path / "gone"})
