"""chat, run, help and the shapes of output on pipes and terminals."""

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from outcrop import BINARY, read_until

COMMANDS = [
    "validate", "import", "models", "show", "rm", "chat", "run", "serve", "tokenize", "detokenize", "harmony", "logits",
    "generate", "synth", "bench"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(outcrop, command):
    text = outcrop.run(command, "--help").stdout.decode()
    overview, _, options = text.partition("USAGE:")
    assert overview.startswith("OVERVIEW:") and f"outcrop {command}" in overview and "--help" in options
    assert all(len(line) <= 120 for line in overview.splitlines())


def test_wrong_usage_is_64(outcrop):
    for arguments in (["nothing"], ["import"], ["import", "x", "--dense", "int3"], ["run"], ["serve", "--port", "99999999"],
                      ["generate", "--tokens", "1"], ["--nothing"],
                      ["bench", "--synthetic", "tiny", "--conversations", "1", "1"]):
        assert outcrop.run(*arguments, status=64).stderr


def test_the_version_is_told(outcrop):
    assert outcrop.run("--version").stdout.strip()


def test_run_prints_the_answer_alone(demo):
    done = demo.run("run", "demo", "What is a token?", "--temperature", "0")
    text = done.stdout.decode()
    assert text.strip() and "<|" not in text and text.endswith("\n") and "\x1b" not in text
    piped = demo.run("run", "demo", "-", "--temperature", "0", input="What is a token?")
    assert piped.stdout == done.stdout
    assert demo.run("run", "demo", "--temperature", "0", input="What is a token?").stdout == done.stdout


def test_run_can_show_its_reasoning_apart(demo):
    done = demo.run("run", "demo", "What is a token?", "--temperature", "0", "--reasoning", "--effort", "high")
    assert done.stderr.strip() and done.stderr.strip() not in done.stdout


def test_run_can_print_json(demo):
    answer = demo.json("run", "demo", "What is a token?", "--temperature", "0", "--json")
    plain = demo.run("run", "demo", "What is a token?", "--temperature", "0").stdout.decode()
    assert answer["content"].strip() == plain.strip()
    assert answer["finish_reason"] == "stop" and answer["usage"]["completion_tokens"] > 0


def test_run_names_the_choices_when_the_model_is_not_there(demo):
    done = demo.run("run", "nobody", "x", status=1)
    assert b"nobody" in done.stderr and b"demo" in done.stderr


def test_chat_on_a_pipe_keeps_the_conversation(demo, tmp_path):
    saved = tmp_path / "chat.json"
    lines = ["/system Be brief.", "/effort high", "What is a token?", "Thank you!", f"/save {saved}", "/nothing", "/exit"]
    done = demo.run("chat", "demo", "--temperature", "0", input="\n".join(lines) + "\n")
    conversation = json.loads(saved.read_text())["messages"]
    assert [message["role"] for message in conversation] == ["system", "user", "assistant", "user", "assistant"]
    assert conversation[2]["content"].strip() in done.stdout.decode()
    assert b"/nothing" in done.stderr and b"/help" in done.stderr


def test_chat_ends_with_its_input(demo):
    assert demo.run("chat", "demo", "--temperature", "0", input="Hello!").stdout.strip()


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, outcrop, *arguments):
        self.master, slave = pty.openpty()
        environment = {key: value for key, value in outcrop.environment.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            [BINARY, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave,
            env=environment | {"TERM": "xterm-256color"}, start_new_session=True,
            preexec_fn=lambda: os.system("") or None)
        os.close(slave)
        self.text = ""

    def send(self, text):
        os.write(self.master, text.encode())

    def expect(self, *texts, timeout=30):
        """Reads until one of `texts` appears after what was expected before; what was read until its end."""
        deadline = time.monotonic() + timeout
        while not (found := [text for text in texts if text in self.text]):
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"none of {texts!r} in {self.text!r}"
            self.text += os.read(self.master, 65536).decode(errors="replace")
        first = min(found, key=self.text.index)
        before, _, self.text = self.text.partition(first)
        return before + first

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


def test_chat_on_a_terminal_dims_reasoning_and_survives_an_interrupt(demo):
    terminal = Terminal(demo, "chat", "demo", "--temperature", "0", "--effort", "high")
    try:
        terminal.expect(">>> ")
        terminal.send("What is a token?\n")
        answer = terminal.expect(">>> ")
        assert "\x1b[2m" in answer and "<|" not in answer
        # At the prompt it says how to end; during an answer it stops that.
        terminal.process.send_signal(signal.SIGINT)
        assert "/exit" in terminal.expect(">>> ")
        terminal.send("What is harmony?\n")
        time.sleep(0.02)
        terminal.process.send_signal(signal.SIGINT)
        terminal.expect(">>> ")
        terminal.send("What is a seed?\n")
        terminal.expect(">>> ")
        terminal.send("/exit\n")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()


def test_a_stopped_answer_stays_in_the_conversation(outcrop, tmp_path):
    outcrop.run("synth", tmp_path / "random", "--size", "tiny")
    outcrop.run("import", tmp_path / "random", "--name", "endless")
    terminal = Terminal(outcrop, "chat", "endless", "--seed", "1")
    try:
        terminal.expect(">>> ")
        terminal.send("Talk on and on.\n")
        time.sleep(0.5)
        terminal.process.send_signal(signal.SIGINT)
        # Not the prompt: a random model may well say ">>> " itself.
        shown = terminal.expect("[stopped]") + terminal.expect(">>> ")
        assert "\nError:" not in shown
        terminal.send(f"/save {tmp_path / 'saved.json'}\n")
        terminal.expect("saved to")
        saved = json.loads((tmp_path / "saved.json").read_text())
        assert [message["role"] for message in saved["messages"]] == ["user", "assistant"]
    finally:
        terminal.close()
        outcrop.run("rm", "endless")


def test_an_interrupt_right_behind_the_question_stops_the_answer(outcrop, tmp_path):
    outcrop.run("synth", tmp_path / "random", "--size", "tiny")
    outcrop.run("import", tmp_path / "random", "--name", "endless")
    terminal = Terminal(outcrop, "chat", "endless", "--seed", "1")
    try:
        terminal.expect(">>> ")
        terminal.send("Talk on and on.\n")
        terminal.expect("\n")
        time.sleep(0.005)
        terminal.process.send_signal(signal.SIGINT)
        # On a busy machine the interrupt may overtake the question; then nothing was there to stop yet.
        deadline = time.monotonic() + 30
        while not terminal.expect("[stopped]", "/exit or Ctrl-D ends").endswith("[stopped]"):
            assert time.monotonic() < deadline, "every interrupt found nothing to stop"
            time.sleep(0.005)
            terminal.process.send_signal(signal.SIGINT)
        terminal.expect(">>> ")
        terminal.send("/exit\n")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()
        outcrop.run("rm", "endless")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_an_error(demo):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [BINARY, "run", "demo", "Hello!"], stdout=full, stderr=subprocess.PIPE, env=demo.environment, timeout=60)
    assert done.returncode == 1 and b"standard output" in done.stderr


def test_an_answer_that_is_cut_says_so(demo):
    done = demo.run("run", "demo", "Hello!", "--max-tokens", "2")
    assert b"--max-tokens 2" in done.stderr


def test_wrong_token_ids_are_named(demo):
    done = demo.run("generate", "--model", "demo", "--tokens", "1,x", "--max-tokens", "1", status=64)
    assert b"'x' is no token id" in done.stderr
    done = demo.run("generate", "--model", "demo", "--tokens", "999999", "--max-tokens", "1", status=1)
    assert b"Error: token id 999999" in done.stderr
    assert b"--max-tokens" in demo.run(
        "generate", "--model", "demo", "--tokens", "1", "--max-tokens", "-1", status=64).stderr


def test_a_wrong_name_among_several_removes_nothing(demo):
    demo.run("rm", "demo", "nothing", status=1)
    assert "demo" in [model["name"] for model in demo.json("models", "--json")]


def test_import_shows_a_moving_line_on_a_terminal_only(demo, tmp_path):
    from outcrop import DEMO_MODEL

    terminal = Terminal(demo, "import", DEMO_MODEL, "--name", "shown")
    try:
        shown = terminal.expect("%")
        assert "\r" in shown
        assert terminal.process.wait(60) == 0
    finally:
        terminal.close()
    done = demo.run("import", DEMO_MODEL, "--name", "plain")
    assert b"\r" not in done.stderr and b"\x1b" not in done.stderr + done.stdout
    demo.run("rm", "shown", "plain")
