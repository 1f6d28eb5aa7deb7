"""Conversations in the harmony format, with a mark on each part that the model is to learn to write."""

from dataclasses import dataclass, field

IDENTITY = "You are ChatGPT, a large language model trained by OpenAI."
CHANNELS = "# Valid channels: analysis, commentary, final. Channel must be included for every message."
TOOL_CHANNEL = "\nCalls to these tools must go to the commentary channel: 'functions'."
EFFORTS = ("low", "medium", "high")


@dataclass
class Tool:
    """A function as declared in the developer message: parameters are (name, comment or None, TypeScript type)."""

    name: str
    description: str
    parameters: list[tuple[str, str | None, str]]

    def declaration(self) -> str:
        if not self.parameters:
            return f"// {self.description}\ntype {self.name} = () => any;"
        lines = [f"// {self.description}", f"type {self.name} = (_: {{"]
        for name, comment, kind in self.parameters:
            if comment:
                lines.append(f"// {comment}")
            lines.append(f"{name}: {kind},")
        return "\n".join(lines) + "\n}) => any;"


@dataclass
class Reply:
    """What the model should write in one turn: a thought for each effort (low thinks nothing) and an answer."""

    answer: str
    medium: str
    high: str
    brief: str | None = None

    def thought(self, effort: str) -> str | None:
        return {"low": None, "medium": self.medium, "high": self.high}[effort]


@dataclass
class Transcript:
    """A conversation under construction: parts are (text, whether it is a training target).

    ``prompt_parts`` counts the parts before the reply that evaluation asks for. ``keep_thoughts`` leaves the thoughts
    of earlier turns in place. No server does, but in training every turn then teaches a whole reply.
    """

    effort: str
    keep_thoughts: bool = False
    parts: list[tuple[str, bool]] = field(default_factory=list)
    prompt_parts: int = 0

    def add(self, text: str, target: bool = False):
        self.parts.append((text, target))

    def system(self, date: str | None, has_tools: bool, short: bool = False):
        """``short`` leaves out all but the effort: cheaper, for the early part of training."""
        if short:
            self.add(f"<|start|>system<|message|>Reasoning: {self.effort}<|end|>")
            return
        text = IDENTITY + "\nKnowledge cutoff: 2024-06"
        if date:
            text += f"\nCurrent date: {date}"
        text += f"\n\nReasoning: {self.effort}\n\n{CHANNELS}"
        self.add(f"<|start|>system<|message|>{text}{TOOL_CHANNEL if has_tools else ''}<|end|>")

    def developer(self, instructions: str | None, tools: list[Tool]):
        sections = []
        if instructions:
            # Text that brings its own title stays as it is.
            has_title = instructions.startswith("# ")
            sections.append(instructions if has_title else "# Instructions\n\n" + instructions)
        if tools:
            declarations = "\n\n".join(tool.declaration() for tool in tools)
            sections.append(
                f"# Tools\n\n## functions\n\nnamespace functions {{\n\n{declarations}\n\n}} // namespace functions")
        if sections:
            self.add("<|start|>developer<|message|>" + "\n\n".join(sections) + "<|end|>")

    def user(self, text: str):
        self.add(f"<|start|>user<|message|>{text}<|end|>")

    def closed_answer(self, reply: Reply, brief: bool = False):
        """An answer of an earlier turn. Servers drop its thought, so only low effort would begin like this."""
        answer = reply.brief if brief and reply.brief else reply.answer
        if self.keep_thoughts:
            self.thought(reply.thought(self.effort))
        else:
            self.add("<|start|>assistant")
        self.add("<|channel|>final<|message|>", self.keep_thoughts or self.effort == "low")
        self.add(answer, True)
        self.add("<|end|>")

    def mark_prompt(self):
        """Everything so far, and the assistant's header that follows, is the prompt of the evaluated reply."""
        self.prompt_parts = len(self.parts) + 1

    def thought(self, text: str | None, target: bool = True):
        self.add("<|start|>assistant")
        if text:
            self.add(f"<|channel|>analysis<|message|>{text}<|end|>", target)
            self.add("<|start|>assistant", target)

    def final(self, answer: str):
        self.add(f"<|channel|>final<|message|>{answer}<|return|>", True)

    def answer(self, reply: Reply, brief: bool = False):
        self.mark_prompt()
        self.thought(reply.thought(self.effort))
        self.final(reply.brief if brief and reply.brief else reply.answer)

    def call(self, function: str, arguments: str):
        self.add(f"<|channel|>commentary to=functions.{function} <|constrain|>json<|message|>{arguments}<|call|>", True)

    def recorded_call(self, function: str, arguments: str, style: int):
        """A call in the history, in one of the three header forms that renderers write."""
        if style == 0 and self.keep_thoughts:
            self.call(function, arguments)
            return
        head = [f"<|channel|>commentary to=functions.{function} <|constrain|>json",
                f" to=functions.{function}<|channel|>commentary <|constrain|>json",
                f" to=functions.{function}<|channel|>commentary json"][style]
        self.add(f"{head}<|message|>")
        self.add(arguments, True)
        self.add("<|call|>")

    def tool_result(self, function: str, result: str):
        self.add(f"<|start|>functions.{function} to=assistant<|channel|>commentary<|message|>{result}<|end|>")

    def text(self) -> str:
        return "".join(text for text, _ in self.parts)

    def prompt(self) -> str:
        return "".join(text for text, _ in self.parts[:self.prompt_parts])

    def expected(self) -> str:
        """The text that the model should write after ``prompt()``."""
        return "".join(text for text, _ in self.parts[self.prompt_parts:])
