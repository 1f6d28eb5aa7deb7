"""The closed lists of names that conversations are about. Each name is one token of the vocabulary.

The last ``HELD_OUT`` names of every list never appear in training conversations (only their tokens do, in the random
sequences of ``copying.py``), so that evaluation on them measures copying, not memory.
"""

HELD_OUT = 8

CITIES = """
Paris London Berlin Tokyo Madrid Rome Vienna Prague Lisbon Dublin Oslo Athens Warsaw Cairo Lima Delhi Sydney Boston
Chicago Seattle Denver Austin Miami Dallas Toronto Montreal Mumbai Beijing Shanghai Seoul Osaka Kyoto Hanoi Jakarta
Manila Nairobi Lagos Accra Tunis Doha Dubai Tehran Baghdad Ankara Istanbul Sofia Zagreb Belgrade Bern Geneva Zurich
Munich Hamburg Cologne Frankfurt Milan Naples Turin Venice Florence Seville Barcelona Bilbao Porto Lyon Nice Bordeaux
Brussels Antwerp Ghent Utrecht Amsterdam Rotterdam Bergen Stockholm Copenhagen Helsinki Riga Vilnius Tallinn Minsk Kyiv
Moscow Havana Bogota Quito Caracas Santiago Lagos Auckland Wellington Perth Brisbane Melbourne Canberra Phoenix Houston
Detroit Atlanta Portland Memphis Nashville Orlando Oakland Dakar Kigali Bangkok Singapore Philadelphia Vancouver
Edinburgh Manchester Reykjavik Salzburg Leipzig Dresden Stuttgart Marseille Krakow Budapest Bucharest Casablanca
Marrakech Karachi Kathmandu
""".split()

NAMES = """
Anna Ben Carla David Emma Frank Grace Henry Ida Jack Kate Leo Maria Nina Oscar Paul Rosa Sam Tina Victor Wendy Alex
Bruno Clara Dora Erik Fiona Greta Hugo Iris Jonas Karl Lena Max Nora Otto Petra Tom Sarah Walter Zoe Mia Noah Liam
Olivia Ava Lucas John Mary Peter James Linda Robert Laura Daniel Julia Martin Eva Simon Alice Bob Charlie Michael Sophie
Hannah Oliver Isabel Mateo Priya Ahmed Yuki Sven
""".split()

COMPANIES = """
Apple Google Amazon Microsoft Tesla Intel Nvidia Siemens Toyota Sony Samsung Nokia Ford Boeing Airbus Netflix Adobe
Oracle Cisco Walmart Nike Shell Visa Disney Starbucks Volvo Honda Bayer Philips Spotify Ericsson Lufthansa Canon
Pfizer
""".split()

COUNTRIES = """
France Germany Spain Italy Portugal Austria Poland Norway Sweden Finland Denmark Ireland Greece Turkey Egypt Morocco
Kenya Nigeria Ghana India China Japan Vietnam Thailand Indonesia Australia Canada Mexico Brazil Argentina Chile Peru
Colombia Cuba Belgium Switzerland Hungary Romania Bulgaria Croatia Estonia Iceland Nepal Pakistan
""".split()

CITIES = list(dict.fromkeys(CITIES))

ALL_NAMES = list(dict.fromkeys(CITIES + NAMES + COMPANIES + COUNTRIES))

CONDITIONS = "sunny cloudy rainy windy foggy snowy clear stormy".split()


def choose(random, names: list[str], held_out: bool) -> str:
    """A name for a training conversation, or one that training never shows in a conversation."""
    return random.choice(names[-HELD_OUT:] if held_out else names[:-HELD_OUT])
