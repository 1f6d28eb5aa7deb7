"""Many requests at once, a full queue, and the end of the server."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import requests


def ask(server, question, **options):
    client = openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0, timeout=120)
    options.setdefault("temperature", 0)
    return client.chat.completions.create(
        model="demo", messages=[{"role": "user", "content": question}], **({"max_tokens": 60} | options))


def test_eight_conversations_at_once_get_the_answers_they_would_get_alone(demo):
    questions = [f"What is {term}?" for term in (
        "a token", "harmony", "MXFP4", "attention", "a seed", "prefill", "latency", "temperature")]
    # In f32 the result does not depend on what else is in the batch.
    with demo.serve("--model", "demo", "--precision", "f32") as server:
        alone = [ask(server, question).choices[0].message.content for question in questions]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda question: ask(server, question).choices[0].message.content, questions))
    assert together == alone


def test_a_full_queue_answers_429_with_a_time_to_wait(demo):
    with demo.serve("--model", "demo", "--max-num-seqs", "1", "--max-queue", "1") as server:
        statuses, waits = [], []

        def request():
            answer = requests.post(server.url + "/v1/completions", timeout=120, json={
                "model": "demo", "prompt": "a", "max_tokens": 300, "ignore_eos": True})
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                waits.append(int(answer.headers["retry-after"]))

        threads = [threading.Thread(target=request) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200, 429}, statuses
    assert waits and all(wait >= 1 for wait in waits)


def test_a_signal_lets_running_answers_end(demo):
    with demo.serve("--model", "demo") as server:
        results = []
        thread = threading.Thread(
            target=lambda: results.append(ask(server, "What is a token?", extra_body={"ignore_eos": True}, max_tokens=200)))
        thread.start()
        time.sleep(0.15)
        assert server.stop(signal.SIGTERM) == 0, server.output()
        thread.join()
        assert results and results[0].choices[0].finish_reason in ("stop", "length")


def test_an_interrupt_ends_an_idle_server(demo):
    with demo.serve("--model", "demo") as server:
        assert server.stop(signal.SIGINT, timeout=20) == 0, server.output()


def test_a_taken_port_is_one_clear_error(demo, server):
    done = demo.run("serve", "--model", "demo", "--port", server.port, status=1, timeout=30)
    assert str(server.port).encode() in done.stderr
