"""Metrics as widely used libraries and servers write them are read rightly. The texts are written after their documentation."""

from __future__ import annotations

import pytest

from checks.builders import judge, metrics

N = 3000


def buckets(name: str, labels: str, n: int, seconds: float = 0.005, bounds: tuple[float, ...] = (0.005, 0.01, 0.05, 0.1, 0.25, 1.0)) -> str:
    comma = "," if labels else ""
    lines = "".join(f'{name}_bucket{{{labels}{comma}le="{bound}"}} {n if bound >= seconds else 0}\n' for bound in (*bounds, float("inf")))
    lines = lines.replace('"inf"', '"+Inf"')
    return f"{lines}{name}_sum{{{labels}}} {n * seconds}\n{name}_count{{{labels}}} {n}\n"


def fastapi(n: int) -> str:
    """prometheus_fastapi_instrumentator: status classes, a coarse histogram by handler and a fine one of all routes."""
    return (
        "# TYPE http_requests_total counter\n"
        f'http_requests_total{{handler="/predict",method="POST",status="2xx"}} {n}\n'
        f'http_requests_total{{handler="/metrics",method="GET",status="2xx"}} {n // 50}\n'
        "# TYPE http_request_size_bytes summary\n"
        f'http_request_size_bytes_count{{handler="/predict"}} {n}\nhttp_request_size_bytes_sum{{handler="/predict"}} 9\n'
        "# TYPE http_request_duration_highr_seconds histogram\n" + buckets("http_request_duration_highr_seconds", "", n)
        + "# TYPE http_request_duration_seconds histogram\n"
        + buckets("http_request_duration_seconds", 'handler="/predict",method="POST"', n, bounds=(0.1, 0.5, 1.0))
    )  # fmt: skip


def starlette(n: int) -> str:
    """starlette_exporter: routes in `path`, `status_code`, and a gauge of what is in progress."""
    labels = 'app_name="starlette",method="POST",path="/predict"'
    return (
        f'# TYPE starlette_requests_total counter\nstarlette_requests_total{{{labels},status_code="200"}} {n}\n'
        f'starlette_requests_total{{app_name="starlette",method="GET",path="/healthz",status_code="200"}} {n // 7}\n'
        "# TYPE starlette_request_duration_seconds histogram\n" + buckets("starlette_request_duration_seconds", labels + ',status_code="200"', n)
        + '# TYPE starlette_requests_in_progress gauge\nstarlette_requests_in_progress{method="POST"} 3\n'
    )  # fmt: skip


def aiohttp(n: int) -> str:
    """A middleware of aiohttp: the route's template, statuses as numbers."""
    return (
        f'# TYPE http_requests_total counter\nhttp_requests_total{{method="POST",path_template="/predict",status="200"}} {n}\n'
        f'http_requests_total{{method="GET",path_template="__not_found__",status="404"}} 4\n'
        "# TYPE http_request_duration_seconds histogram\n" + buckets("http_request_duration_seconds", 'path_template="/predict"', n)
    )  # fmt: skip


def go_promhttp(n: int) -> str:
    """promhttp of Go: counters by code and method, and one that counts scrapes."""
    return (
        f'# TYPE promhttp_metric_handler_requests_total counter\npromhttp_metric_handler_requests_total{{code="200"}} {n}\n'
        f'# TYPE http_requests_total counter\nhttp_requests_total{{code="200",method="post"}} {n}\n'
        "# TYPE http_request_duration_seconds histogram\n" + buckets("http_request_duration_seconds", 'code="200",method="post"', n)
        + "# TYPE go_goroutines gauge\ngo_goroutines 9\n"
        + "# TYPE go_gc_duration_seconds summary\ngo_gc_duration_seconds_count 8\ngo_gc_duration_seconds_sum 1\n"
    )  # fmt: skip


def mlserver(n: int) -> str:
    """MLServer: routes by template."""
    labels = 'method="POST",path="/v2/models/{model_name}/infer",status_code="200"'
    return (
        f"# TYPE rest_server_requests_total counter\nrest_server_requests_total{{{labels}}} {n}\n"
        f'rest_server_requests_total{{method="GET",path="/v2/health/ready",status_code="200"}} {n // 3}\n'
        "# TYPE rest_server_requests_duration_seconds histogram\n" + buckets("rest_server_requests_duration_seconds", labels, n)
        + f'# TYPE model_infer_request_success_total counter\nmodel_infer_request_success_total{{model="fraud",version="1"}} {n}\n'
    )  # fmt: skip


def bentoml(n: int) -> str:
    """BentoML: `endpoint` and `http_response_code`."""
    labels = 'endpoint="/predict",http_response_code="200",service_name="fraud",service_version="1.4.0"'
    return (
        f"# TYPE bentoml_service_request_total counter\nbentoml_service_request_total{{{labels}}} {n}\n"
        "# TYPE bentoml_service_request_duration_seconds histogram\n" + buckets("bentoml_service_request_duration_seconds", labels, n)
        + "# TYPE bentoml_service_request_in_progress gauge\nbentoml_service_request_in_progress 2\n"
    )  # fmt: skip


def triton(n: int) -> str:
    """Triton: outcomes by name, durations as counters of microseconds."""
    labels = 'model="fraud",version="1"'
    return (
        f"# TYPE nv_inference_request_success counter\nnv_inference_request_success{{{labels}}} {n}\n"
        f"# TYPE nv_inference_request_failure counter\nnv_inference_request_failure{{{labels}}} 0\n"
        f"# TYPE nv_inference_count counter\nnv_inference_count{{{labels}}} {n}\n"
        f"# TYPE nv_inference_exec_count counter\nnv_inference_exec_count{{{labels}}} {n // 8}\n"
        f"# TYPE nv_inference_request_duration_us counter\nnv_inference_request_duration_us{{{labels}}} {n * 5000}\n"
    )  # fmt: skip


WITH_HISTOGRAM = [fastapi, starlette, aiohttp, go_promhttp, mlserver, bentoml]


@pytest.mark.parametrize("library", [*WITH_HISTOGRAM, triton])
def test_the_request_counter_of_a_library_is_found_with_its_statuses(library):
    finding = judge("request_counter_truth", metrics=metrics(library(100), library(N + 100)))
    assert finding.level == "true", finding.observed


@pytest.mark.parametrize("library", WITH_HISTOGRAM)
def test_the_latency_histogram_of_a_library_is_found(library):
    finding = judge("latency_histogram_truth", metrics=metrics(library(100), library(N + 100)))
    assert finding.level == "true", finding.observed


@pytest.mark.parametrize("library", [*WITH_HISTOGRAM, triton])
def test_nothing_of_a_library_is_called_a_flaw(library):
    evidence = metrics(library(100), library(N + 100))
    assert judge("metrics_route", metrics=evidence).level == "readable", judge("metrics_route", metrics=evidence).observed
    assert judge("label_cardinality", metrics=evidence).level == "bounded"
