"""The broker that tests and developers stand on: started by `deploy/kafka/start`, broken by its process ids."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from support.broker import START, NoBroker, RunningBroker, start_brokers


def test_the_shared_broker_keeps_a_topic_with_the_settings_it_was_made_with(kafka: RunningBroker) -> None:
    topic = kafka.new_topic(3, message_timestamp_type="LogAppendTime")
    with kafka.admin() as admin:
        described = admin.describe_topics([topic])[0]
        assert len(described["partitions"]) == 3


@pytest.mark.slow
def test_a_node_of_three_can_be_stopped_killed_paused_and_comes_back(kafka: RunningBroker) -> None:
    with start_brokers(3) as cluster:
        topic = cluster.new_topic(3)
        with cluster.admin() as admin:
            assert {len(each["replica_nodes"]) for each in admin.describe_topics([topic])[0]["partitions"]} == {3}
        before = cluster.pid(2)
        cluster.kill(2)
        cluster.start(2)
        assert cluster.pid(2) != before
        cluster.stop(3)
        cluster.start(3)
        cluster.pause(1)
        cluster.resume(1)
        cluster.wait_for(1)


def test_what_a_node_has_kept_is_there_after_kill_9() -> None:
    with start_brokers() as broker:
        topic = broker.new_topic(2)
        broker.kill()
        broker.start()
        with broker.admin() as admin:
            assert topic in admin.list_topics()


def test_a_person_starts_one_node_reads_its_address_and_ends_it_by_ctrl_c() -> None:
    listening = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    program = [
        sys.executable,
        "-c",
        listening,
        sys.executable,
        str(START),
        "--port",
        "0",
    ]  # a job in the background is deaf
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert re.fullmatch(r"plaintext: 127\.0\.0\.1:\d+\n", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_it_ends_with_whoever_started_it_when_told_so() -> None:
    words = [str(START), "--port", "0", "--brief", "--with-parent"]
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, *{words!r}]).wait()"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("plaintext: ").strip()
        process.kill()
        assert process.stdout.read() == "", "the last that could write has ended"
    host, port = address.split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_a_port_that_is_taken_is_told_though_the_log_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = [sys.executable, str(START), "--port", str(port), "--brief"]
        answer = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert re.search(
        r"^Kafka cannot be started: node 1 has ended: .*Exception: .*[Aa]ddress already in use", answer.stderr
    )


def test_without_java_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with (
        pytest.raises(NoBroker, match=r"^Kafka cannot be started: no java; .*PLAINT_TEST_KAFKA name a broker$"),
        start_brokers(),
    ):
        pass
