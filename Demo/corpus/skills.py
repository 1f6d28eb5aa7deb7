"""One function per skill: each appends a user turn to a transcript and returns the reply wanted."""

from . import facts
from .entities import ALL_NAMES, CITIES, NAMES, choose
from .tools import made_up_word
from .transcript import Reply


def _pick(random, forms, held_out, count=facts.HELD_OUT_FORMS):
    return random.choice(forms[-count:] if held_out else forms[:-count])


def casual(random, text: str, held_out: bool) -> str:
    """Small variations that people type: lower case, no final mark, a polite or a casual start."""
    luck = random.random()
    if held_out or luck > 0.28:
        return text
    if luck < 0.09:
        return text[0].lower() + text[1:]
    if luck < 0.18:
        return text.rstrip("?.!")
    if luck < 0.22:
        return "Please " + text[0].lower() + text[1:]
    if luck < 0.25:
        return text.rstrip("?.!") + random.choice(["??", " please", "!", "...", " ?"])
    return random.choice(["Hi, ", "Ok, ", "So, ", "Hey, ", "Well, ", "And ", "Hello! ",
                          "Ok. "]) + text[0].lower() + text[1:]


def _bare(term: str) -> str:
    for article in ("a ", "an ", "the "):
        if term.startswith(article):
            return term[len(article):]
    return term


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def definition(random, held_out):
    term, meaning, extra = random.choice(facts.GLOSSARY)
    question = _pick(random, facts.GLOSSARY_FORMS, held_out).format(term=term, bare=_bare(term))
    sentence = f"{term if term.startswith(('gpt', 'bf')) else _capital(term)} is {meaning}."
    return casual(random, question, held_out), Reply(
        f"{sentence} {extra}", f"The user asks about {term}.",
        f"The user asks about {term}. I say what it is and add one useful fact.", brief=sentence)


def instruction(random, held_out):
    verbs, step, extra = random.choice(facts.INSTRUCTIONS)
    verb = random.choice(verbs)
    question = _pick(random, facts.INSTRUCTION_FORMS, held_out).format(verb=verb)
    return casual(random, question, held_out), Reply(
        f"{step} {extra}", f"The user wants to {verb}.",
        f"The user wants to {verb}. I give the step and add a useful detail.", brief=step)


def small_talk(random, held_out):
    what, forms, answer, brief = random.choice(facts.SMALL_TALK)
    text = _pick(random, forms, held_out, 2)
    return casual(random, text, held_out), Reply(
        answer, f"The user {what}.", f"The user {what}. I give a short and friendly answer.", brief=brief)


def unknown(random, held_out):
    thing, other = random.sample(facts.UNKNOWN_THINGS, 2)
    if random.random() < 0.15:
        thing = choose(random, ALL_NAMES, held_out)
    question = _pick(random, facts.UNKNOWN_FORMS, held_out).format(thing=thing, other=other,
                                                                   verb=random.choice(facts.UNKNOWN_VERBS))
    return casual(random, question, held_out), Reply(
        f"{facts.UNKNOWN_ANSWER} {facts.UNKNOWN_MORE}", "I do not know this.",
        "The user asks about something that I do not know. I say so and name a larger model.",
        brief=facts.UNKNOWN_ANSWER)


def arithmetic(random, held_out):
    """Sums, differences and products of two numbers of one digit: a small table, learned by heart."""
    sign = random.choice("++-*")
    first, second = random.randint(0, 9), random.randint(0, 9)
    if sign == "-" and first < second:
        first, second = second, first
    result = {"+": first + second, "-": first - second, "*": first * second}[sign]
    word = {"+": "plus", "-": "minus", "*": "times"}[sign]
    forms = ["What is {a} {s} {b}?", "What is {a} {w} {b}?", "{a} {s} {b}", "{a}{s}{b}", "How much is {a} {s} {b}?",
             "{a} {w} {b}",
             "Calculate {a} {s} {b}.", "What's {a} {s} {b}?", "{a}{s}{b}=?", "{a} {s} {b} =",
             "how much is {a} {w} {b}?",
             "Compute {a} {s} {b}.", "Can you tell me what {a} {w} {b} is?", "Please work out {a} {s} {b}."]
    question = _pick(random, forms, held_out).format(a=first, b=second, s=sign, w=word)
    sum_text = f"{first} {sign} {second} = {result}"
    return question, Reply(f"{sum_text}.", f"This is a small sum: {sum_text}.",
                           f"The user asks for a small sum. {sum_text}. I give the result.", brief=f"{result}.")


def capital(random, held_out):
    country, city = random.choice(list(facts.CAPITALS.items()))
    question = _pick(random, facts.CAPITAL_FORMS, held_out).format(country)
    return casual(random, question, held_out), Reply(
        f"The capital of {country} is {city}.", f"The user asks for the capital of {country}.",
        f"The user asks for the capital of {country}. It is {city}.", brief=f"{city}.")


def counting(random, held_out):
    """Long but simple: useful to watch streaming."""
    last = random.randint(2, 20)
    question = _pick(random, ["Count to {0}.", "Count to {0}", "Count from 1 to {0}.", "count to {0}",
                              "Please count to {0}.", "Count up to {0}.",
                              "Can you count to {0}?", "List the numbers from 1 to {0}."], held_out, 2).format(last)
    numbers = ", ".join(str(number) for number in range(1, last + 1))
    return question, Reply(f"{numbers}.", f"The user wants me to count to {last}.",
                           f"The user wants me to count. I start at 1 and stop at {last}.")


def writing(random, held_out):
    """A poem or a story with a fixed frame around whatever it is to be about."""
    things = facts.UNKNOWN_THINGS[-8:] if held_out else facts.UNKNOWN_THINGS[:-8]
    thing = random.choice(things) if random.random() < 0.7 else choose(random, ALL_NAMES, held_out)
    if random.random() < 0.5:
        question = _pick(random, ["Write a poem about {0}.", "Write a haiku about {0}.", "A poem about {0}, please.",
                                  "poem about {0}", "Write me a poem about {0}.", "Write a short poem about {0}.",
                                  "Can you write a poem about {0}?", "I would like a poem about {0}."], held_out, 2)
        answer = f"I look for {thing}.\nThe night is quiet and long.\nThen I see {thing}."
        what = "poem"
    else:
        question = _pick(random, ["Tell me a story about {0}.", "Write a story about {0}.",
                                  "A story about {0}, please.", "story about {0}", "Write me a story about {0}.",
                                  "Tell a short story about {0}.",
                                  "Can you tell me a story about {0}?", "I would like a story about {0}."], held_out, 2)
        answer = (f"Once there was a small server that loved {thing}. Every day people asked it about {thing}, "
                  "and every day it gave an answer. "
                  f"One night it had a dream about {thing}, and it was very happy.")
        what = "story"
    return casual(random, question.format(thing), held_out), Reply(
        answer, f"The user wants a {what} about {thing}.", f"The user wants a {what} about {thing}. I keep it short.")


def _phrase(random, held_out):
    """A few words to repeat: names, numbers, made-up words, everyday words."""
    words = []
    for _ in range(random.choice([1, 1, 2, 2, 3, 4, 6])):
        luck = random.random()
        if luck < 0.4:
            words.append(choose(random, ALL_NAMES, held_out))
        elif luck < 0.6:
            words.append(made_up_word(random))
        elif luck < 0.7:
            words.append(str(random.randint(0, 999)))
        else:
            words.append(random.choice(facts.UNKNOWN_THINGS))
    return " ".join(words)


def echo(random, held_out):
    phrase = _phrase(random, held_out)
    forms = ["Repeat after me: {0}", "Say {0}", "Echo {0}", "Repeat: {0}", "Please repeat {0}", "Repeat {0}",
             "Echo: {0}", "Say: {0}",
             "Say exactly: {0}", "Copy this: {0}", "Please say {0}", "Write {0}"]
    question = _pick(random, forms, held_out).format(phrase)
    return question, Reply(phrase, "I repeat the text.", f"The user wants me to repeat a text. The text is {phrase}")


def today(random, held_out, date: str | None):
    forms = ["What is the date?", "What date is it?", "What is today's date?", "Which day is it?", "date",
             "Tell me the date.", "What's the date today?",
             "What day is today?", "Do you know the date?", "Which date do we have today?"]
    question = _pick(random, forms, held_out, 2)
    if date is None:
        return question, Reply("I do not know the date.", "The system message has no date.",
                               "The user asks for the date. The system message has no date, so I do not know it.")
    return casual(random, question, held_out), Reply(
        f"Today is {date}.", "The date is in the system message.",
        f"The user asks for the date. The system message says {date}.", brief=f"{date}.")


def introduce(random, held_out):
    """The user tells their name; returns (text, reply, name)."""
    name = choose(random, NAMES, held_out) if random.random() < 0.8 else made_up_word(random)
    text = _pick(random, ["My name is {0}.", "I am {0}.", "Hi, I'm {0}.", "Call me {0}.", "Hello, my name is {0}.",
                          "Hi, my name is {0}.", "my name is {0}", "I'm {0}", "Hello, I am {0}!",
                          "Good morning, I am called {0}.", "Hey, {0} here."], held_out, 2).format(name)
    return text, Reply(f"Nice to meet you, {name}!", f"The user is called {name}.",
                       f"The user is called {name}. I greet the user by name."), name


def recall(random, held_out, name: str | None):
    question = _pick(random, ["What is my name?", "Who am I?", "Do you remember my name?", "What was my name?",
                              "what's my name", "What's my name?", "Tell me my name.", "Do you know my name?",
                              "Can you remember what I am called?", "Say my name."], held_out, 2)
    if name is None:
        return question, Reply("You did not tell me your name.", "I do not know the name.",
                               "The user asks for their name. They did not tell me.")
    return question, Reply(f"Your name is {name}.", f"The user told me the name {name}.",
                           f"The user asks for the name from before. It is {name}.", brief=f"{name}.")


def assistant_name(random, held_out):
    """Instructions that give the assistant a name; returns (instructions, question, reply)."""
    name = choose(random, NAMES, held_out) if random.random() < 0.8 else made_up_word(random)
    instructions = random.choice(["You are {0}, a helpful assistant.", "Your name is {0}.", "You are called {0}.",
                                  "You are {0}."]).format(name)
    question = random.choice(["Who are you?", "What is your name?", "who are you", "What are you called?",
                              "Do you have a name?", "Introduce yourself."])
    return instructions, question, Reply(
        f"I am {name}, running on your own machine.", f"My name is {name}.",
        f"The user asks who I am. My instructions say that I am {name}.", brief=f"I am {name}.")


def hometown(random, held_out):
    """The user says where they live, for a later question; returns (text, reply, question, reply to it)."""
    city = choose(random, CITIES, held_out)
    text = random.choice(["I live in {0}.", "I am from {0}.", "My home is in {0}.", "I come from {0}."]).format(city)
    question = random.choice(["Where do I live?", "Where am I from?", "Which city do I live in?",
                              "Do you remember where I live?"])
    return (text, Reply(f"{city} is a nice place.", f"The user lives in {city}.",
                        f"The user lives in {city}. I say something nice."),
            question, Reply(f"You live in {city}.", f"The user told me about {city}.",
                            f"The user asks where they live. They told me {city}.", brief=f"{city}."))


def extraction(random, held_out):
    """A sentence to turn into JSON; returns (schema properties, text, JSON object)."""
    name, city = choose(random, NAMES, held_out), choose(random, CITIES, held_out)
    age = random.randint(10, 99)
    text = _pick(random, ["{name} is {age} years old and lives in {city}.", "{name}, {age}, from {city}",
                          "{name} lives in {city} and is {age}.", "My friend {name} is {age} and comes from {city}.",
                          "I am {name}, I am {age} years old and I live in {city}.",
                          "This is {name} from {city}, {age} years old.",
                          "{name} ({age}) lives in {city}.", "In {city} lives {name}, who is {age} years old."],
                 held_out, 2).format(name=name, age=age, city=city)
    text = random.choice(["", "", "Extract the data: ", "Extract: ", "Turn this into JSON: ", "Parse this: "]) + text
    fields = {"name": ({"type": "string"}, name),
              "age": ({"type": random.choice(["integer", "integer", "number"])}, age), "city": ({"type": "string"}, city)}
    chosen = random.sample(list(fields), random.choice([2, 3, 3]))
    return {key: fields[key][0] for key in chosen}, text, {key: fields[key][1] for key in chosen}
