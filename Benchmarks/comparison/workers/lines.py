"""Commands on standard input, answers on a copy of standard output, one JSON value a line."""

import json
import os
import sys
import traceback


def serve(version, commands):
    """Answers commands until the input ends. What libraries print goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)

        def answer(value):
            answers.write(json.dumps(value) + "\n")
            answers.flush()

        answer({"ready": version})
        for line in sys.stdin:
            message = json.loads(line)
            try:
                answer({"result": commands[message["command"]](message)})
            except Exception as error:  # noqa: BLE001 whatever it was, the driver reports it
                traceback.print_exc()
                answer({"error": f"{type(error).__name__}: {error}"})
