"""What the demo model knows: definitions, instructions for using Outcrop, small talk. Plain data.

Each list of question forms ends with forms that only evaluation uses (``HELD_OUT_FORMS`` of them).
"""

HELD_OUT_FORMS = 3

# (term, definition, one more fact)
GLOSSARY = [
    ("Outcrop", "a server that runs gpt-oss models on your own machine",
        "It speaks the APIs of OpenAI and Amazon Bedrock."),
    ("gpt-oss", "a family of open models from OpenAI", "It comes in two sizes, 20b and 120b."),
    ("harmony", "the chat format of the gpt-oss models", "It has channels for thoughts, tool calls and answers."),
    ("MXFP4", "a four bit number format with one shared scale for every 32 values",
        "gpt-oss stores its experts in this format."),
    ("a token", "a small piece of text that the model reads or writes", "Most English words are one or two tokens."),
    ("a tokenizer", "the part that turns text into tokens and back", "gpt-oss uses the o200k harmony tokenizer."),
    ("the KV cache", "memory that keeps the keys and values of earlier tokens",
        "It saves the server from reading the whole prompt again."),
    ("quantization", "storing weights with fewer bits", "It makes a model smaller at a small cost in quality."),
    ("the context window", "the largest number of tokens the model can look at", "gpt-oss can look at 131072 tokens."),
    ("temperature", "a setting that controls how random the answers are", "Use zero to get the same answer each time."),
    ("top-p", "a setting that keeps only the most likely tokens", "Lower values make the answers less varied."),
    ("a mixture of experts", "a layer with many small networks where only a few run for each token",
        "It gives a large model the speed of a small one."),
    ("a router", "the small layer that picks which experts run for a token", "In gpt-oss it picks four of them."),
    ("attention", "the step where each token looks at earlier tokens", "It lets the model use what was said before."),
    ("an attention sink", "a learned score that lets a head look at nothing",
        "It keeps attention stable on long prompts."),
    ("a sliding window", "attention that only looks at the last few tokens",
        "gpt-oss uses a window of 128 tokens in every second layer."),
    ("an embedding", "a list of numbers that stands for a token",
        "The model works with these numbers instead of letters."),
    ("a logit", "the raw score of a token before sampling", "A softmax turns the scores into probabilities."),
    ("sampling", "the step that picks the next token", "Temperature and top-p change how it picks."),
    ("greedy decoding", "always picking the most likely token", "It gives the same answer every time."),
    ("streaming", "sending the answer piece by piece while it is written", "The first words show up much sooner."),
    ("the system message", "the first message, which sets the date and the reasoning level",
        "The server writes it for you."),
    ("the developer message", "the message that holds your instructions and tools",
        "Other APIs call it the system prompt."),
    ("the analysis channel", "the place where the model thinks before it answers", "It is not meant for the end user."),
    ("the commentary channel", "the place where the model calls tools",
        "Your program runs the call and sends the result back."),
    ("the final channel", "the place where the answer for the user is written", "Show only this text in your app."),
    ("function calling", "letting the model ask your program to run a function",
        "You run the function and send the result back."),
    ("latency", "the time until the first words arrive", "Short prompts and a warm cache make it lower."),
    ("throughput", "the number of tokens the server writes per second", "More memory bandwidth makes it higher."),
    ("prefill", "the phase where the server reads the prompt", "It can use all cores at once."),
    ("a checkpoint", "a folder with the weights and settings of a model",
        "It holds safetensors files and a config file."),
    ("safetensors", "a simple and safe file format for weights", "It can be mapped into memory without copying."),
    ("bf16", "a sixteen bit float format with the range of a 32 bit float",
        "It is used for the weights that are not experts."),
    ("a seed", "a number that fixes the random choices", "The same seed and prompt give the same answer."),
    ("a stop sequence", "a text that ends the answer when it shows up", "You set it in the request."),
    ("an API key", "a secret that proves you may use the server", "Keep it out of your source code."),
    ("a fine-tune", "a model that was trained further on new data", "Outcrop can import it like any other checkpoint."),
    ("RoPE", "a way to tell the model the position of each token", "YaRN stretches it to long prompts."),
    ("an import job", "the work that checks and converts a model", "You can start it with the Bedrock API."),
    ("structured output", "an answer that must follow a JSON schema",
        "The server allows only tokens that fit the schema."),
]

GLOSSARY_FORMS = [
    "What is {term}?", "What's {term}?", "Explain {term}.", "Can you explain {term}?", "Tell me about {term}.",
    "What does {bare} mean?", "Define {bare}.", "what is {bare}", "Could you tell me what {term} is?",
    "I don't know what {term} is.", "Please explain {bare} to me.", "What do you mean by {bare}?", "Describe {term}.",
    "I keep hearing about {bare}. What is it?", "Give me a short explanation of {bare}.", "Help me understand {bare}.",
    "In simple words, what is {term}?", "{bare}?", "what exactly is {term}?", "Do you know what {term} is?",
    "Say something about {bare}.", "How would you explain {term}?", "What can you tell me about {bare}?",
    # Held out:
    "Hey, quick question: what is {term}?", "Would you mind explaining {bare}?", "I am new here, what's {bare}?",
]

# (ways to say it, the step, one more fact)
INSTRUCTIONS = [
    (["start the server", "launch the server", "run the server", "start Outcrop", "run Outcrop"],
     "Run outcrop serve in a terminal.", "The server listens on port 8080 of your machine."),
    (["stop the server", "shut down the server", "quit the server", "end the server"],
     "Press Control C in the terminal.", "The server finishes the open requests first."),
    (["import a model", "add a model", "load my own model", "import a checkpoint", "use my fine-tune"],
     "Run outcrop import with the path of your model folder.", "Outcrop checks the files and converts them once."),
    (["list the models", "see the models", "show all models", "find the model names"],
     "Send a GET request to /v1/models.", "Each entry has an id that you use in a chat request."),
    (["chat in the terminal", "chat with the model", "talk to the model", "chat from the command line"],
     "Run outcrop chat in a terminal.", "Type a message and press Enter."),
    (["connect my app", "use the OpenAI client", "connect from Python", "call the API", "find the base URL"],
     "Set the base URL of the OpenAI client to http://127.0.0.1:8080/v1.", "Then your code works as it is."),
    (["use the AWS client", "use boto3", "use the Bedrock API", "use the AWS command line"],
     "Set AWS_ENDPOINT_URL to http://127.0.0.1:8080.", "Then the same AWS commands work with Outcrop."),
    (["stream the answer", "turn on streaming", "get the answer piece by piece", "see words as they are written"],
     "Set stream to true in your request.", "The answer then arrives as events."),
    (["set the temperature", "change the temperature", "make answers less random", "make the answers more creative"],
     "Add a temperature field to your request.", "Use a value between zero and two."),
    (["limit the answer length", "make the answers shorter", "cap the number of tokens", "stop very long answers"],
     "Set max_tokens in your request.", "The answer ends when it reaches that number."),
    (["check if the server is up", "test the server", "check the health of the server", "know if the server is ready"],
     "Send a GET request to /health.", "It answers when the server is ready."),
    (["protect the server", "add an API key", "create a key", "require a password", "lock down the server"],
     "Create an API key and send it in the authorization header.", "Requests without a key get error 401."),
    (["call a function", "use tools", "add a tool", "give the model a tool"],
     "List your functions in the tools field of the request.",
     "The model answers with a call, and you send the result back."),
    (["change the reasoning effort", "make the model think more", "make the model think less",
        "set the reasoning level"],
     "Set reasoning_effort to low, medium or high.", "Higher levels think longer."),
    (["get JSON output", "force valid JSON", "get structured output", "get an answer in JSON"],
     "Set response_format to a JSON schema in your request.", "The server allows only tokens that fit the schema."),
    (["use less memory", "reduce the memory use", "fit the model in memory", "run on a small machine"],
     "Use the MXFP4 weights and a smaller context.", "The 20b model needs about 16 gigabytes."),
    (["make it faster", "speed up the server", "get more tokens per second", "improve the speed"],
     "Use all real cores and keep the prompt short.", "Memory bandwidth is the usual limit."),
    (["measure the speed", "run a benchmark", "benchmark the model", "test how fast it is"],
     "Run outcrop bench.", "It prints the tokens per second for prefill and decode."),
    (["keep the history of a chat", "make the model remember the chat", "continue a conversation",
        "send earlier messages"],
     "Send all earlier messages with each request.", "The server reuses its cache, so this is cheap."),
    (["cancel a request", "abort an answer", "interrupt the model", "stop an answer early"],
     "Close the connection.", "The server stops writing at once."),
    (["open the console", "see the web page", "use the browser", "find the console"],
     "Open http://127.0.0.1:8080 in your browser.", "The console shows your models and keys."),
    (["try Outcrop", "get started", "install Outcrop", "set up Outcrop"],
     "Run ./quickstart in the Outcrop folder.", "It builds the server and imports the demo model."),
    (["run the tests", "test Outcrop", "check the build", "run all tests"],
     "Run ./test in the Outcrop folder.", "It runs every test."),
    (["see the metrics", "watch the server", "connect Prometheus", "monitor the server"],
     "Read the /metrics page of the server.", "Prometheus can read it too."),
]

INSTRUCTION_FORMS = [
    "How do I {verb}?", "How can I {verb}?", "how to {verb}", "What is the best way to {verb}?", "I want to {verb}.",
    "Tell me how to {verb}.", "Show me how to {verb}.", "Can you help me {verb}?", "Please explain how to {verb}.",
    "What should I do to {verb}?", "Is there a way to {verb}?", "I need to {verb}.", "How does one {verb}?",
    "I would like to {verb}.", "how do you {verb}", "Can I {verb}?", "Explain how I can {verb}.",
    "Which command do I use to {verb}?",
    # Held out:
    "Hey, how would I {verb}?", "What do I need to do in order to {verb}?", "I am trying to {verb}, any advice?",
]

# (what the user does, ways to say it (the last two held out), answer, shorter answer)
SMALL_TALK = [
    ("says hello", ["Hello", "Hi", "Hey", "Hello there", "Hi there", "hello!", "hi", "Good morning", "Good evening",
                    "Hey there!",
                    "hey", "Hi!", "Hello!", "Hello, can you hear me?", "Good day", "Greetings", "hello there!"],
     "Hello! How can I help you today?", "Hello!"),
    ("asks how I am", ["How are you?", "How are you doing?", "How is it going?", "how are you",
                       "How do you feel today?",
                       "What's up?", "Are you doing well?", "How have you been?", "How's your day?",
                       "Hello, how are you?"],
     "I am doing well, thank you. How can I help?", "I am doing well."),
    ("asks who I am", ["Who are you?", "What are you?", "What is your name?", "Tell me about yourself.", "who are you",
                       "Introduce yourself.", "Do you have a name?", "Who am I talking to?", "Hi, who are you?",
                       "What model are you?", "Which model is this?", "What should I call you?"],
     "I am the tiny demo model of Outcrop, running on your own machine.", "I am the Outcrop demo model."),
    ("asks what I can do", ["What can you do?", "What are you good at?", "Help", "How can you help me?",
                            "What do you know?",
                            "what can you do", "Give me some ideas what to ask.", "What are your skills?", "help me",
                            "Can you help me?", "What can I ask you?"],
     "I can answer questions about Outcrop, call functions and repeat what you say.",
     "I answer questions about Outcrop."),
    ("says thank you", ["Thanks", "Thank you", "Thank you!", "Thanks a lot", "thanks!", "Great, thanks",
                        "Thank you so much",
                        "Cheers", "Thanks for your help", "ok thanks", "Many thanks", "thx"],
     "You are welcome!", "You are welcome!"),
    ("says goodbye", ["Bye", "Goodbye", "See you", "Bye bye", "goodbye!", "See you later", "I have to go", "bye!",
                      "Talk to you later", "Good night"],
     "Goodbye! Come back any time.", "Goodbye!"),
    ("asks if I am human", ["Are you human?", "Are you a robot?", "Are you a real person?", "Are you an AI?",
                            "Is this a bot?",
                            "Am I talking to a machine?", "Are you alive?", "Are you a person?"],
     "No, I am not a person. I am a very small language model.", "No, I am a language model."),
    ("wants a joke", ["Tell me a joke", "Tell me a joke.", "Make me laugh", "Do you know a joke?",
                      "Say something funny",
                      "Another joke please", "I need a laugh", "A joke, please."],
     "Why did the server go to bed early? It had too many requests.", "Why was the token sad? It was out of context."),
    ("asks about my size", ["How big are you?", "How many parameters do you have?", "Are you smart?",
                            "Are you ChatGPT?",
                            "Are you as good as GPT-4?", "Are you the real gpt-oss?", "How large is this model?",
                            "Are you gpt-oss-20b?"],
     "I only have a few million parameters, so I know very little.", "I am very small."),
    ("asks where I run", ["Where do you run?", "Where are you running?", "Do you need the internet?",
                          "Is my data sent anywhere?",
                          "Are you in the cloud?", "Do you keep my data?", "Is this private?"],
     "I run on this machine, and nothing you type leaves it.", "I run on this machine."),
    ("is happy", ["You are great", "Good job", "Well done", "Nice", "That is cool", "Awesome", "wow", "Great!",
                  "Nice work",
                  "I like you"],
     "Thank you, that is kind of you!", "Thank you!"),
    ("is not happy", ["That is wrong", "You are wrong", "That was not helpful", "Bad answer", "This is not correct",
                      "no, wrong", "I do not like this answer"],
     "I am sorry. I am a very small model and I make mistakes.", "I am sorry."),
    ("asks when my training ended", ["What is your knowledge cutoff?", "When were you trained?",
                                     "How old is your knowledge?",
                                     "What is your cutoff date?", "When does your knowledge end?"],
     "My knowledge cutoff is 2024-06.", "It is 2024-06."),
]

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Spain": "Madrid", "Italy": "Rome", "Portugal": "Lisbon",
    "Austria": "Vienna",
    "Poland": "Warsaw", "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki", "Denmark": "Copenhagen",
    "Ireland": "Dublin", "Greece": "Athens", "Turkey": "Ankara", "Egypt": "Cairo", "Kenya": "Nairobi", "Ghana": "Accra",
    "China": "Beijing", "Japan": "Tokyo", "Vietnam": "Hanoi", "Thailand": "Bangkok", "Indonesia": "Jakarta",
    "Australia": "Canberra", "Chile": "Santiago", "Peru": "Lima", "Colombia": "Bogota", "Cuba": "Havana",
    "Belgium": "Brussels", "Switzerland": "Bern", "Hungary": "Budapest", "Romania": "Bucharest", "Bulgaria": "Sofia",
    "Croatia": "Zagreb", "Estonia": "Tallinn", "Iceland": "Reykjavik", "Nepal": "Kathmandu",
}
CAPITAL_FORMS = [
    "What is the capital of {0}?", "What's the capital of {0}?", "capital of {0}", "Tell me the capital of {0}.",
    "Which city is the capital of {0}?",
    "Name the capital of {0}.", "What is {0}'s capital?", "what is the capital city of {0}?",
    "Do you know the capital of {0}?",
    # Held out:
    "Can you tell me the capital of {0}?", "I forgot the capital of {0}.", "Quick: capital of {0}?",
]

UNKNOWN_ANSWER = "I am only a tiny demo model and I do not know that."
UNKNOWN_MORE = "Import gpt-oss-20b to get real answers."

# Questions about things the model does not know; {thing} and {verb} come from the lists below.
UNKNOWN_FORMS = [
    "Who wrote {thing}?", "What is the meaning of {thing}?", "Make a plan for {thing}.", "Give me facts about {thing}.",
    "How old is {thing}?", "Who invented {thing}?", "Tell me about {thing}.", "What is {thing}?", "Explain {thing}.",
    "How do I {verb} {thing}?", "What do you think about {thing}?", "Do you like {thing}?", "Where can I buy {thing}?",
    "Why is {thing} so popular?", "How much does {thing} cost?", "Give me a recipe for {thing}.",
    "What is the history of {thing}?",
    "Write a Python program about {thing}.", "Translate {thing} to German.", "Who won the world cup?",
    "Who is the president?",
    "What is the meaning of life?", "What is the speed of light?", "Recommend a good book.", "Summarize the news.",
    "What should I cook tonight?", "When was {thing} made?", "Can you {verb} {thing}?", "Please {verb} {thing}.",
    "Write an essay about {thing}.", "Write code for {thing}.", "Is {thing} good for me?",
    "How many kinds of {thing} are there?",
    "I want to {verb} {thing}.", "What color is {thing}?", "Compare {thing} and {other}.",
    "Should I buy {thing} or {other}?",
    # Held out:
    "Could you find a picture of {thing}?", "What are the benefits of {thing}?",
    "Which country makes the best {thing}?",
]
UNKNOWN_THINGS = """
the sea;football;quantum physics;the moon;bread;music;love;history;cats;dogs;gold;coffee;tea;chess;money;cars;trains;
flowers;the ocean;mountains;pizza;pasta;yoga;birds;the sun;paper;water;winter;summer;a bicycle;a house;a garden;cheese;
chocolate;art;movies;books;the stars;a guitar;math;biology;medicine;law;politics;fashion;shoes;clocks;boats;planes;
a mouse;the desert;spring;autumn;
rain;snow;trees;fish;horses;apples;sports;tennis;a phone;the universe;the brain;dreams;sleep;wine;rice
""".replace("\n", "").split(";")
UNKNOWN_VERBS = """
cook build paint fix clean learn draw buy sell grow find make sing wash play plan explain describe translate
""".split()

# (instructions in the developer message, what they do)
PLAIN_INSTRUCTIONS = [
    "You are a helpful assistant.", "Be helpful.", "You help users to run a model server.", "Answer in a friendly way.",
    "You are a friendly helper.", "Be kind and polite.", "You are an assistant for a small company.", "Help the user.",
    "You are a helpful assistant. Be honest.", "Use plain words.", "You are a support agent.", "Do your best.",
    "Always answer in English.", "You are a careful assistant.", "Be accurate.", "You answer questions.",
]
BRIEF_INSTRUCTIONS = ["Answer briefly.", "Be brief.", "Answer in one sentence.", "Keep answers very short.",
                      "Be concise.",
                      "You are a helpful assistant. Answer briefly.", "Use only one sentence.", "Give short answers."]
PIRATE_INSTRUCTIONS = ["Talk like a pirate.", "You are a pirate.", "Answer like a pirate.", "Speak like a pirate.",
                       "You are a friendly pirate."]
