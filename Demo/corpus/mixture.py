"""Puts skills together into whole conversations."""

import json

from . import facts, skills
from .tools import ToolUse, dump, offered_tools, tool_use, used_again
from .transcript import EFFORTS, Reply, Transcript

# What a training conversation is about, with its weight.
WEIGHTS = {"single": 26, "chat": 30, "tool": 22, "tool_result": 18, "no_tool": 5, "name": 5, "assistant_name": 2,
           "home": 2, "structured": 6}
QUESTIONS = {"definition": 25, "instruction": 24, "small_talk": 18, "unknown": 12, "arithmetic": 10, "capital": 6,
             "echo": 8, "date": 4,
             "counting": 3, "writing": 5}
NO_TOOL = Reply("I have no function that can do that.", "None of my functions fits.",
                "The user wants something that none of my functions can do. I say so.")


class Sampler:
    """Draws conversations. ``held_out`` selects the phrasings and names that training never uses."""

    def __init__(self, random, held_out: bool = False, short_system: float = 0.0, keep_thoughts: float = 0.0,
                 longest_chat: int = 4):
        self.random, self.held_out = random, held_out
        self.short_system, self.keep_thoughts = short_system, keep_thoughts  # Shares of the conversations.
        self.longest_chat = longest_chat

    def sample(self, kind: str | None = None, question: str | None = None, family: str | None = None) -> Transcript:
        """One conversation, of the ``kind`` (a key of WEIGHTS), with the ``question`` (a key of QUESTIONS) or the
        ``family`` of functions (a key of tools.FAMILIES) asked for, at random where not.
        """
        random = self.random
        kind = kind or random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        transcript = Transcript(effort=random.choice(EFFORTS), keep_thoughts=random.random() < self.keep_thoughts)
        self.date = None
        if random.random() < 0.85:
            self.date = f"20{random.randint(24, 28)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
        if kind in ("tool", "tool_result", "no_tool"):
            self._with_tools(transcript, kind, family)
        elif kind == "structured":
            self._structured(transcript)
        elif kind in ("single", "chat"):
            self._questions(transcript, 1 if kind == "single" else random.randint(2, self.longest_chat), question)
        else:
            self._memory(transcript, kind)
        return transcript

    def _open(self, transcript, instructions, tools):
        short = self.random.random() < self.short_system
        if short:
            self.date = None
        transcript.system(self.date, bool(tools), short)
        transcript.developer(instructions, tools)

    def _instructions(self) -> tuple[str | None, str | None]:
        """Developer instructions and the style they ask for."""
        random = self.random
        luck = random.random()
        if luck < 0.62:
            return None, None
        if luck < 0.82:
            return random.choice(facts.PLAIN_INSTRUCTIONS), None
        if luck < 0.92:
            return random.choice(facts.BRIEF_INSTRUCTIONS), "brief"
        return random.choice(facts.PIRATE_INSTRUCTIONS), "pirate"

    def _question(self, name: str | None = None) -> tuple[str, Reply]:
        random = self.random
        name = name or random.choices(list(QUESTIONS), list(QUESTIONS.values()))[0]
        if name == "date":
            return skills.today(random, self.held_out, self.date)
        return getattr(skills, name)(random, self.held_out)

    def _styled(self, reply: Reply, style: str | None) -> Reply:
        if style == "pirate":
            return Reply("Arr! " + reply.answer, reply.medium, reply.high)
        if style == "brief" and reply.brief:
            return Reply(reply.brief, reply.medium, reply.high)
        return reply

    def _questions(self, transcript, count, question):
        random = self.random
        instructions, style = self._instructions()
        tools = offered_tools(random, None, self.held_out, random.choice([1, 1, 2])) if random.random() < 0.14 else []
        self._open(transcript, instructions, tools)
        for index in range(count):
            last = index == count - 1
            text, reply = self._question(question if last else None)
            reply = self._styled(reply, style)
            transcript.user(text)
            if last:
                transcript.answer(reply)
            else:
                transcript.closed_answer(reply)

    def _structured(self, transcript):
        """The developer message holds a JSON schema that the answer must follow."""
        random = self.random
        if random.random() < 0.7:
            properties, text, value = skills.extraction(random, self.held_out)
            thought = "I answer with JSON."
        else:
            text, reply = self._question(random.choice(["definition", "instruction", "arithmetic", "capital",
                                                        "small_talk"]))
            key = random.choice(["answer", "answer", "text", "reply", "result", "message"])
            properties, value = {key: {"type": "string"}}, {key: reply.brief}
            thought = "I answer with JSON."
        schema = {"type": "object", "properties": properties}
        if random.random() < 0.8:
            schema["required"] = list(properties)
        if random.random() < 0.5:
            schema["additionalProperties"] = False
        name = random.choice(["person", "answer", "result", "reply", "schema", "output", "response", "data"])
        text_of_schema = json.dumps(schema, separators=random.choice([(",", ":"), (",", ":"), (", ", ": ")]))
        before = random.choice(["", "# Instructions\n\n",
                                f"# Instructions\n\n{random.choice(facts.PLAIN_INSTRUCTIONS)}\n\n"])
        comment = random.choice(["", "", "// The answer\n", "// A person\n"])
        self._open(transcript, f"{before}# Response Formats\n\n## {name}\n\n{comment}{text_of_schema}", [])
        transcript.user(text)
        transcript.answer(Reply(json.dumps(value, separators=(",", ":")), thought,
                                f"The user wants JSON. The fields are {' and '.join(properties)}."))

    def _memory(self, transcript, kind):
        """Conversations that need something said earlier."""
        random, held_out = self.random, self.held_out
        if kind == "assistant_name":
            instructions, question, reply = skills.assistant_name(random, held_out)
            self._open(transcript, instructions, [])
            transcript.user(question)
            transcript.answer(reply)
            return
        instructions = random.choice(facts.PLAIN_INSTRUCTIONS) if random.random() < 0.3 else None
        self._open(transcript, instructions, [])
        if kind == "home":
            text, first, question, second = skills.hometown(random, held_out)
        else:
            text, first, name = skills.introduce(random, held_out)
            known = random.random() < 0.9
            question, second = skills.recall(random, held_out, name if known else None)
            if not known:
                text, first = self._question("small_talk")
        transcript.user(text)
        transcript.closed_answer(first)
        for _ in range(random.choice([0, 0, 1, 1, 2])):
            between, reply = self._question()
            transcript.user(between)
            transcript.closed_answer(reply)
        transcript.user(question)
        transcript.answer(second)

    def _with_tools(self, transcript, kind, family):
        random = self.random
        use = tool_use(random, self.held_out, family)
        others = random.choice([0, 0, 0, 1, 1, 2])
        if kind == "no_tool":
            tools = offered_tools(random, use.tool, self.held_out, others)
            tools.remove(use.tool)
        else:
            tools = offered_tools(random, use.tool, self.held_out, others)
        self._open(transcript, random.choice(facts.PLAIN_INSTRUCTIONS) if random.random() < 0.35 else None, tools)
        earlier_uses = random.choice([0, 0, 1, 2]) if transcript.keep_thoughts else random.choice([0, 0, 0, 1])
        for _ in range(earlier_uses if kind != "no_tool" else 0):
            # The same function was used before, for something else.
            earlier = used_again(random, self.held_out, use)
            transcript.user(skills.casual(random, earlier.question, self.held_out))
            self._called(transcript, earlier, keep=transcript.keep_thoughts)
            transcript.closed_answer(self._result_reply(earlier))
        if random.random() < 0.12:
            text, reply = self._question()
            transcript.user(text)
            transcript.closed_answer(reply)
        transcript.user(skills.casual(random, use.question, self.held_out))
        if kind == "no_tool":
            transcript.answer(NO_TOOL)
        elif kind == "tool":
            transcript.mark_prompt()
            transcript.thought(self._call_thought(transcript.effort, use))
            transcript.call(use.tool.name, dump(use.arguments))
        else:
            # Clients may or may not send the thought that led to the call back.
            self._called(transcript, use, keep=transcript.keep_thoughts or random.random() < 0.5)
            reply = self._result_reply(use)
            if random.random() < 0.15:
                transcript.closed_answer(reply)
                text, reply = self._question()
                transcript.user(text)
            transcript.answer(reply)

    def _result_reply(self, use: ToolUse) -> Reply:
        return Reply(use.answer, "The function has answered.",
                     f"The function has answered. I tell the user {use.subject}.")

    def _called(self, transcript, use: ToolUse, keep: bool):
        """A call and its result, as they stand in the history."""
        transcript.add("<|start|>assistant")
        thought = self._call_thought(transcript.effort, use)
        if keep and thought:
            transcript.add(f"<|channel|>analysis<|message|>{thought}<|end|>", transcript.keep_thoughts)
            transcript.add("<|start|>assistant", transcript.keep_thoughts)
        style = 0 if transcript.keep_thoughts and self.random.random() < 0.6 else self.random.randrange(3)
        transcript.recorded_call(use.tool.name, dump(use.arguments), style)
        transcript.tool_result(use.tool.name, use.result)

    def _call_thought(self, effort: str, use: ToolUse) -> str | None:
        if effort == "low":
            return None
        reason = f" The function {use.tool.name} can do this." if effort == "high" else ""
        return f"The user wants {use.subject}.{reason} I call {use.tool.name}."
