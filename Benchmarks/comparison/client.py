"""Asks an OpenAI-compatible server for completions and notes when each token comes."""

import http.client
import json
import threading
import time

from .timeline import Timeline


class CompletionClient:
    """Streams POST /v1/completions of a server on this machine."""

    def __init__(self, port, model, extra=None, timeout=3600):
        self.port = port
        self.model = model
        self.extra = extra or {}
        self.timeout = timeout

    def run(self, requests, background=0):
        """Sends requests at once and returns their timelines. The first `background` ones run meanwhile: the others follow
        one by one when all of those have begun to answer, and those are hung up on at the end."""
        streams = [_Stream(self, request) for request in requests]
        together, single = (streams[:background], streams[background:]) if background else (streams, [])
        for stream in together:
            stream.start()
        if background:
            try:
                for stream in together:
                    stream.wait_for_first()
                for stream in single:
                    stream.start()
                    stream.finish()
                    if any(other.is_done for other in together):
                        raise RuntimeError("a conversation ended while it was to keep the engine busy")
            finally:
                for stream in together:
                    stream.hang_up()
        for stream in together:
            stream.finish()
        return [stream.line for stream in streams]


class _Stream:
    """One request on a thread of its own."""

    def __init__(self, client, request):
        self.client = client
        self.request = request
        self.line = Timeline(0)
        self.is_done = False
        self.failure = None
        self.is_hung_up = False
        self.first = threading.Event()
        self.connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=client.timeout)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()

    def wait_for_first(self):
        self.first.wait(self.client.timeout)
        if self.failure and not self.is_hung_up:
            raise self.failure

    def finish(self):
        self.thread.join(self.client.timeout)
        if self.thread.is_alive():
            raise RuntimeError(f"no answer within {self.client.timeout} s")
        if self.failure and not self.is_hung_up:
            raise self.failure
        if not self.line.times:
            raise RuntimeError("an answer without tokens")

    def hang_up(self):
        self.is_hung_up = True
        if self.connection.sock is not None:
            # Wakes the thread, which blocks on reading.
            try:
                self.connection.sock.shutdown(2)
            except OSError:
                pass

    def _run(self):
        try:
            self._stream()
        except Exception as error:  # noqa: BLE001 whatever it was, it is raised where the stream is awaited
            self.failure = error
        finally:
            self.is_done = True
            self.first.set()
            self.connection.close()

    def _stream(self):
        body = {
            "model": self.client.model, "prompt": self.request.prompt, "max_tokens": self.request.tokens,
            # Sampled, not greedy, so that random weights do not fall into a loop of one token and its experts.
            "temperature": 1, "ignore_eos": True, "skip_special_tokens": False, "stream": True,
            "stream_options": {"include_usage": True},
        } | self.client.extra
        text = json.dumps(body).encode()
        self.line.start = time.monotonic()
        self.connection.request("POST", "/v1/completions", text, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {answer.read(500).decode(errors='replace')}")
        counted = None
        for raw in answer:
            now = time.monotonic()
            if not raw.startswith(b"data:") or raw.strip() == b"data: [DONE]":
                continue
            event = json.loads(raw[5:])
            if "error" in event:
                raise RuntimeError(f"the server says: {event['error']}")
            if event.get("usage"):
                counted = event["usage"]["completion_tokens"]
            if event.get("choices"):
                self._note(event["choices"][0], now)
        if counted is not None:
            self._spread(counted)

    def _note(self, choice, now):
        ids = choice.get("token_ids") or []
        if not (choice.get("text") or ids):
            return
        self.line.times += [now] * max(1, len(ids))
        self.line.output += ids
        self.first.set()

    def _spread(self, counted):
        """Tokens whose bytes are no text yet come without an event of their own: as many times as there were tokens."""
        times = self.line.times
        missing = counted - len(times)
        if not times:
            # All text came with the last token, or none at all.
            self.line.times = [time.monotonic()] * counted
        elif missing > 0:
            span = times[-1] - times[0]
            steps = max(counted - 1, 1)
            self.line.times = [times[0] + span * index / steps for index in range(counted)]
