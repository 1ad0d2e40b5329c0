"""A trace goes from the caller's header to the events and on; without an exporter it is passed on as it came."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import StatusCode

from consumers import tracing
from support.spans import linked, recorded, span_id_of, trace_of

TRACE, PARENT = "1a" * 16, "2b" * 8
GIVEN = f"00-{TRACE}-{PARENT}-01"
OWN = UUID("7f000000-0000-4000-8000-0000000000aa")


def new_id() -> UUID:
    return OWN


def test_work_that_belongs_to_no_trace_names_none() -> None:
    assert (tracing.present(), tracing.ids()) == (None, {})


def test_a_callers_trace_is_passed_on_as_it_came() -> None:
    with tracing.request(GIVEN, new_id, "GET"):
        assert tracing.present() == GIVEN
        assert tracing.ids() == {"trace_id": TRACE, "span_id": PARENT}
    assert tracing.present() is None


def test_a_caller_without_one_gets_a_trace_of_his_own_that_is_not_sampled() -> None:
    with tracing.request(None, new_id, "GET"):
        assert tracing.present() == f"00-{OWN.hex}-{OWN.hex[16:]}-00"


@pytest.mark.parametrize(
    "header",
    ["", "x", "00-" + "0" * 32 + "-" + PARENT + "-01", f"00-{TRACE}-{'0' * 16}-01", GIVEN.upper(), GIVEN + "-x", "é"],
)
def test_what_is_no_trace_context_is_passed_over(header: str) -> None:
    with tracing.request(header, new_id, "GET"):
        assert tracing.ids()["trace_id"] == OWN.hex


@given(st.text())
def test_no_header_makes_it_fail(header: str) -> None:
    with tracing.request(header, new_id, "GET"):
        assert tracing.present() is not None


def test_a_recorded_request_is_a_span_of_its_callers_trace() -> None:
    with recorded() as spans, tracing.request(GIVEN, new_id, "GET"):
        inside = tracing.present()
    span = spans.one("GET")
    assert span.parent is not None
    assert (trace_of(span), f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert inside == f"00-{TRACE}-{span_id_of(span)}-01"


def test_a_recorded_request_without_a_caller_begins_a_trace() -> None:
    with recorded() as spans, tracing.request(None, new_id, "GET"):
        pass
    assert spans.one("GET").parent is None


def test_a_batch_links_to_the_traces_of_what_it_is_made_of_each_once_and_so_many_at_most() -> None:
    many = [f"00-{number:032x}-{PARENT}-01" for number in range(1, 200)]
    with recorded() as spans:
        with tracing.span("few", "internal", {"count": 3}, of=[GIVEN, None, "x", GIVEN]):
            assert tracing.ids()["trace_id"] != TRACE
        with tracing.span("many", "internal", {}, of=many):
            pass
    assert linked(spans.one("few")) == [TRACE]
    assert dict(spans.one("few").attributes or {}) == {"count": 3}
    assert len(linked(spans.one("many"))) == tracing.MOST_LINKS


def test_a_span_in_which_something_is_raised_has_failed_and_keeps_its_kind_alone() -> None:
    with recorded() as spans, pytest.raises(ValueError, match="canary"), tracing.span("work", "internal", {}):
        raise ValueError("canary")
    span = spans.one("work")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert list(span.events) == []


def test_nothing_is_made_where_nobody_records() -> None:
    with tracing.span("work", "internal", {}, of=iter(["read by nobody"])):
        assert tracing.present() is None
