"""Functions the model is offered in training, the questions that need them, their results, and the answers to give.

Two kinds: a few well-known functions with natural questions and answers, and made-up ones ("find the menu for X"), so
that the model learns to take names of functions and parameters from the declaration rather than from memory.
"""

import json
from dataclasses import dataclass

from .entities import CITIES, COMPANIES, CONDITIONS, COUNTRIES, NAMES, ALL_NAMES, choose
from .transcript import Tool

HELD_OUT_FORMS = 2


@dataclass
class ToolUse:
    """One question with the function that answers it."""

    tool: Tool
    question: str
    subject: str      # What is wanted, for the thoughts: "the weather in Paris".
    arguments: dict
    result: str
    answer: str
    family: str = ""  # Key of FAMILIES.


def _pick(random, forms, held_out, count=HELD_OUT_FORMS):
    return random.choice(forms[-count:] if held_out else forms[:-count])


def compact(random, value) -> str:
    """JSON with or without spaces, as different clients write it."""
    return json.dumps(value, separators=random.choice([(",", ":"), (", ", ": ")]))


def dump(arguments: dict) -> str:
    """The form in which the model itself writes arguments."""
    return json.dumps(arguments, separators=(",", ":"), ensure_ascii=False)


_PLACE_PARAMETERS = ["city", "city", "location", "place", "town", "city_name"]
_PLACE_COMMENTS = [None, "The city", "The city name", "Name of the city", "The place to look up",
                   "City and state, e.g. San Francisco, CA"]


def weather(random, held_out: bool) -> ToolUse:
    city = choose(random, CITIES, held_out)
    name = random.choice(["get_weather", "get_weather", "get_current_weather", "weather", "check_weather",
                          "fetch_weather", "getWeather", "lookup_weather"])
    parameter = random.choice(_PLACE_PARAMETERS)
    parameters = [(parameter, random.choice(_PLACE_COMMENTS), "string")]
    if random.random() < 0.2:
        parameters.append(("unit?", random.choice([None, "The unit"]), '"celsius" | "fahrenheit"'))
    description = random.choice(["Gets the current weather.", "Get the weather for a city.",
                                 "Gets the weather for a city.", "Get the current weather in a given location",
                                 "Current weather", "Returns the weather."])
    question = _pick(random, [
        "What is the weather in {0}?", "What's the weather like in {0}?", "How is the weather in {0}?",
        "Weather in {0}",
        "Is it raining in {0}?", "Tell me the weather in {0}.", "How warm is it in {0}?", "weather {0}",
        "What's the weather in {0}?",
        "What is the temperature in {0}?", "Do I need an umbrella in {0}?", "Is it cold in {0} right now?",
        "What is the weather like in {0} today?",
        "Can you check the weather in {0}?", "Give me the weather for {0}.", "What's the weather in {0} today?",
        "How's the weather in {0}?",
        "Please look up the weather for {0}.", "I am in {0}, what's the weather?"], held_out).format(city)
    degrees, sky = random.randint(1, 39), random.choice(CONDITIONS)
    fields = [("temperature", degrees), (random.choice(["condition", "condition", "conditions", "sky"]), sky)]
    if random.random() < 0.3:
        fields.reverse()
    if random.random() < 0.15:
        fields.insert(0, (parameter, city))
    result = compact(random, dict(fields))
    answer = f"It is {sky} in {city} and the temperature is {degrees} degrees."
    if random.random() < 0.12:
        result = random.choice([f"{sky}, {degrees} degrees", f"{sky} and {degrees} degrees",
                                f"{degrees} degrees and {sky}"])
    return ToolUse(Tool(name, description, parameters), question, f"the weather in {city}", {parameter: city}, result,
                   answer)


def local_time(random, held_out: bool) -> ToolUse:
    city = choose(random, CITIES, held_out)
    parameter = random.choice(_PLACE_PARAMETERS)
    name = random.choice(["get_time", "get_time", "get_current_time", "get_local_time"])
    description = random.choice(["Gets the current time.", "Gets the local time of a city.", "Current time in a city",
                                 "Returns the time."])
    question = _pick(random, [
        "What time is it in {0}?", "What's the time in {0}?", "Tell me the time in {0}.", "Current time in {0}",
        "time in {0}",
        "Can you tell me the time in {0}?", "How late is it in {0}?", "What is the local time in {0}?",
        "What is the time in {0} now?",
        "Please check what time it is in {0}.", "Do you know the time in {0}?"], held_out).format(city)
    clock = f"{random.randint(0, 23):02d}:{random.randint(0, 59):02d}"
    result = clock if random.random() < 0.1 else compact(random, {random.choice(["time", "time", "local_time"]): clock})
    parameters = [(parameter, random.choice(_PLACE_COMMENTS), "string")]
    return ToolUse(Tool(name, description, parameters), question, f"the time in {city}", {parameter: city}, result,
                   f"It is {clock} in {city}.")


def population(random, held_out: bool) -> ToolUse:
    country = choose(random, COUNTRIES, held_out)
    parameter = random.choice(["country", "country", "name", "country_name"])
    question = _pick(random, [
        "How many people live in {0}?", "What is the population of {0}?", "Population of {0}",
        "Tell me the population of {0}.",
        "How big is the population of {0}?", "What's the population of {0}?", "population {0}",
        "Do you know how many people live in {0}?", "Please find the population of {0}."], held_out).format(country)
    millions = random.randint(1, 99)
    tool = Tool(random.choice(["get_population", "get_population", "country_population"]),
                random.choice(["Gets the population of a country.", "Returns the population."]),
                [(parameter, random.choice([None, "The country", "Name of the country"]), "string")])
    return ToolUse(tool, question, f"the population of {country}", {parameter: country},
                   compact(random, {random.choice(["population", "people"]): f"{millions} million"}),
                   f"The population of {country} is {millions} million.")


def stock_price(random, held_out: bool) -> ToolUse:
    company = choose(random, COMPANIES, held_out)
    parameter = random.choice(["company", "company", "name", "symbol", "stock"])
    question = _pick(random, [
        "What is the stock price of {0}?", "Stock price of {0}", "How much is {0} stock?", "What's {0} trading at?",
        "Get the stock price for {0}.",
        "What is the price of {0} stock?", "How is {0} stock doing?", "price of {0} stock",
        "Tell me the stock price of {0}.",
        "Can you look up the {0} stock price?", "I want to know the stock price of {0}."], held_out).format(company)
    price = random.randint(2, 99)
    tool = Tool(random.choice(["get_stock_price", "get_stock_price", "stock_price", "get_stock"]),
                random.choice(["Gets the price of a stock.", "Returns the current stock price",
                               "Get the stock price of a company."]),
                [(parameter, random.choice([None, "The company", "Name of the company"]), "string")])
    return ToolUse(tool, question, f"the stock price of {company}", {parameter: company},
                   compact(random, {"price": price}), f"The stock price of {company} is {price} dollars.")


def timer(random, held_out: bool) -> ToolUse:
    minutes = random.randint(1, 99)
    parameter = random.choice(["minutes", "minutes", "duration", "time"])
    question = _pick(random, [
        "Set a timer for {0} minutes.", "Timer for {0} minutes", "Start a {0} minute timer.",
        "Wake me up in {0} minutes.",
        "set timer {0} minutes", "Count down {0} minutes.", "I need a timer for {0} minutes.",
        "Can you set a {0} minute timer?", "Please give me a timer of {0} minutes."], held_out).format(minutes)
    tool = Tool(random.choice(["set_timer", "set_timer", "start_timer"]),
                random.choice(["Sets a timer.", "Starts a timer."]),
                [(parameter, random.choice([None, "Number of minutes"]), "number")])
    return ToolUse(tool, question, f"a timer for {minutes} minutes", {parameter: minutes},
                   compact(random, {"status": random.choice(["ok", "started"])}),
                   f"The timer for {minutes} minutes is running.")


def distance(random, held_out: bool) -> ToolUse:
    first, second = choose(random, CITIES, held_out), choose(random, CITIES, held_out)
    one, two = random.choice([("origin", "destination"), ("start", "end"), ("city1", "city2")])
    question = _pick(random, [
        "How far is it from {0} to {1}?", "What is the distance from {0} to {1}?", "Distance from {0} to {1}",
        "How far is {0} from {1}?",
        "Tell me the distance between {0} and {1}.", "distance {0} {1}",
        "What's the distance between {0} and {1}?", "How many kilometers from {0} to {1}?"], held_out).format(first,
                                                                                                              second)
    kilometers = random.randint(100, 999)
    tool = Tool("get_distance", random.choice(["Gets the distance between two cities.", "Returns the distance."]),
                [(one, None, "string"), (two, None, "string")])
    return ToolUse(tool, question, f"the distance from {first} to {second}", {one: first, two: second},
                   compact(random, {random.choice(["distance", "kilometers"]): kilometers}),
                   f"The distance from {first} to {second} is {kilometers} kilometers.")


def location(random, held_out: bool) -> ToolUse:
    """A function without parameters."""
    city = choose(random, CITIES, held_out)
    question = _pick(random, ["Where am I?", "What is my location?", "Which city am I in?", "Find my location.",
                              "Tell me where I am.", "my location", "What place is this?",
                              "Can you find out where I am?", "Do you know which city I am in?"], held_out)
    tool = Tool(random.choice(["get_location", "get_location", "find_location"]),
                random.choice(["Gets the location of the user.", "Returns where the user is."]), [])
    return ToolUse(tool, question, "the location", {}, compact(random, {random.choice(["city", "location"]): city}),
                   f"You are in {city}.")


_THINGS = """
menu price address phone email score schedule size status balance order color owner date hotel flight train song book
recipe ticket room manager rating news
""".split()
_SYLLABLES = """
ba be bo da do fa ga go ha jo ka ke ko la li lo ma mi mo na ne no pa po ra re ri ro sa so ta ti to va vi wa zo
""".split()
_VERBS = ["get", "find", "lookup", "fetch", "read", "search", "check"]
_MADE_UP_PARAMETERS = ["name", "id", "query", "key", "item", "text", "person", "company", "city", "user", "customer",
                       "place", "value"]


def made_up_word(random) -> str:
    """A capitalised word that no list holds, several tokens long."""
    return "".join(random.choice(_SYLLABLES) for _ in range(random.choice([2, 2, 3]))).capitalize()


def made_up(random, held_out: bool, thing: str | None = None) -> ToolUse:
    thing = thing or random.choice(_THINGS)
    subject = choose(random, random.choice([CITIES, NAMES, COMPANIES, COUNTRIES]), held_out)
    luck = random.random()
    if luck < 0.25:
        subject = made_up_word(random)
    elif luck < 0.4:
        subject += " " + choose(random, random.choice([CITIES, NAMES]), held_out)
    elif luck < 0.5:
        subject = str(random.randint(1, 9999))
    parameter = random.choice(_MADE_UP_PARAMETERS)
    question = _pick(random, [
        "What is the {0} of {1}?", "What is the {0} for {1}?", "Find the {0} of {1}.", "Get the {0} for {1}.",
        "Show me the {0} of {1}.",
        "Tell me the {0} of {1}.", "{0} of {1}", "Look up the {0} for {1}.", "I need the {0} of {1}.",
        "Can you find the {0} of {1}?", "Please get me the {0} for {1}."], held_out).format(thing, subject)
    tool = Tool(f"{random.choice(_VERBS)}_{thing}",
                random.choice([f"Gets the {thing}.", f"Finds the {thing}.", f"Returns the {thing}."]),
                [(parameter, random.choice([None, None, "The name", "What to look up"]), "string")])
    value = random.choice([str(random.randint(1, 999)), choose(random, ALL_NAMES, held_out),
                           random.choice(CONDITIONS), made_up_word(random)])
    result = value if random.random() < 0.2 else compact(random, {thing: int(value) if value.isdigit() else value})
    return ToolUse(tool, question, f"the {thing} of {subject}", {parameter: subject}, result,
                   f"The {thing} of {subject} is {value}.")


FAMILIES = {"weather": weather, "time": local_time, "population": population, "stock": stock_price, "timer": timer,
            "distance": distance, "location": location, "made_up": made_up}
WEIGHTS = {"weather": 28, "time": 14, "population": 8, "stock": 8, "timer": 7, "distance": 7, "location": 3,
           "made_up": 30}


def tool_use(random, held_out: bool, family: str | None = None) -> ToolUse:
    family = family or random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    use = FAMILIES[family](random, held_out)
    use.family = family
    if random.random() < 0.04:
        problem = random.choice(["not found", "no data", "timeout", "unknown city", "server error"])
        use.result, use.answer = compact(random, {"error": problem}), f"The function reported an error: {problem}."
    return use


def used_again(random, held_out: bool, use: ToolUse) -> ToolUse:
    """Another use of the same declared function, with other values."""
    if use.family == "made_up":
        other = made_up(random, held_out, use.tool.name.split("_")[-1])
    else:
        other = FAMILIES[use.family](random, held_out)
    other.arguments = dict(zip(use.arguments, other.arguments.values()))
    other.tool, other.family = use.tool, use.family
    return other


def offered_tools(random, wanted: Tool | None, held_out: bool, count: int) -> list[Tool]:
    """``wanted`` among ``count`` others, none of which has the same subject."""
    tools, taken = ([wanted], {_subject(wanted)}) if wanted else ([], set())
    for _ in range(20):
        if len(tools) >= count + bool(wanted):
            break
        other = tool_use(random, held_out).tool
        if _subject(other) not in taken:
            taken.add(_subject(other))
            tools.append(other)
    random.shuffle(tools)
    return tools


def _subject(tool: Tool) -> str:
    words = tool.name.lower().replace("getw", "get_w").split("_")
    for word in ("weather", "time", "population", "stock", "timer", "distance", "location"):
        if word in words:
            return word
    return words[-1]
