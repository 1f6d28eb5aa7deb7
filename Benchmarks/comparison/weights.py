"""The weights that are compared: one checkpoint of random values, and what each engine reads made from it."""

import shutil
import subprocess
from pathlib import Path

from .environments import Unavailable


class Weights:
    """A folder with the checkpoint, Outcrop's artifact and the GGUF of a shape, each made when it is first needed."""

    def __init__(self, shape, data, outcrop, environments, say):
        self.shape = shape
        self.data = Path(data).absolute()
        self.outcrop = outcrop
        self.environments = environments
        self.say = say
        # `outcrop bench --synthetic` keeps its models there, too, and of the same seed.
        self.library = self.data / "synthetic"
        self.model_name = f"{shape.name}-int8"
        self.has_written_checkpoint = False

    def checkpoint(self):
        """A checkpoint in Hugging Face's layout with MXFP4 experts."""
        folder = self.data / "checkpoints" / self.shape.name
        if not (folder / "config.json").exists():
            self._need(self.shape.stored_bytes(16))
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._make("writing random weights", [self.outcrop, "synth", folder, "--size", self.shape.name])
            self.has_written_checkpoint = True
        return folder

    def artifact(self):
        """The name of Outcrop's model in `library`."""
        if not (self.library / "models" / self.model_name / "manifest.json").exists():
            checkpoint = self.checkpoint()
            self._need(self.shape.stored_bytes(10))
            self.library.mkdir(parents=True, exist_ok=True)
            self._make("importing them into Outcrop", [
                self.outcrop, "import", checkpoint, "--data", self.library, "--name", self.model_name])
        return self.model_name

    def gguf(self):
        """A GGUF file: experts as they are, dense weights in Q8_0."""
        file = self.data / "gguf" / f"{self.shape.name}.gguf"
        if not file.exists():
            interpreter = self.environments.python("gguf", ["gguf", "numpy"])
            checkpoint = self.checkpoint()
            self._need(self.shape.stored_bytes(8.5))
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            converter = Path(__file__).parent / "workers" / "convert_gguf.py"
            self._make("converting them to GGUF", [interpreter, converter, checkpoint, part])
            part.rename(file)
        return file

    def forget_checkpoint(self):
        """Removes the checkpoint, which no engine reads that has a file of its own."""
        shutil.rmtree(self.data / "checkpoints" / self.shape.name, ignore_errors=True)

    def discard(self):
        """Removes all that was made."""
        self.forget_checkpoint()
        shutil.rmtree(self.library / "models" / self.model_name, ignore_errors=True)
        (self.data / "gguf" / f"{self.shape.name}.gguf").unlink(missing_ok=True)

    def _need(self, byte_count):
        self.data.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.data).free
        # Some room is left for whoever shares the disk.
        if free < byte_count + (1 << 30):
            raise Unavailable(
                f"{self.data} has {free / 1e9:.1f} GB free and needs {byte_count / 1e9 + 1:.1f}: give another --data")

    def _make(self, what, command):
        self.say(f"{what}: {' '.join(map(str, command))}")
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"{what} failed: {done.stderr.strip()[-400:]}")
