"""Checkpoints in many files, whole and broken."""

import json
import shutil

from outcrop import DEMO_MODEL, read_header, write_with_header

INDEX = "model.safetensors.index.json"


def copy_of(source, target):
    """A copy of a checkpoint's folder that may be changed."""
    shutil.copytree(source, target)
    for path in target.rglob("*"):
        path.chmod(0o644)
    return target


def shard(folder, count=3):
    """Spreads a checkpoint's single file over some, with an index; returns their paths."""
    whole = folder / "model.safetensors"
    header, start = read_header(whole)
    data = whole.read_bytes()[start:]
    header.pop("__metadata__", None)
    names = sorted(header)
    weight_map, paths = {}, []
    for number in range(count):
        name = f"model-{number + 1:05}-of-{count:05}.safetensors"
        part, pieces, offset = {"__metadata__": {"format": "pt"}}, [], 0
        for tensor in names[number * len(names) // count:(number + 1) * len(names) // count]:
            begin, end = header[tensor]["data_offsets"]
            part[tensor] = header[tensor] | {"data_offsets": [offset, offset + end - begin]}
            pieces.append(data[begin:end])
            offset += end - begin
            weight_map[tensor] = name
        write_with_header(folder / name, part, b"".join(pieces))
        paths.append(folder / name)
    whole.unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return paths


def _edit(folder, name, change):
    path = folder / name
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def _write_at(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def _shards(folder):
    return sorted(folder.glob("*.safetensors"))


def _wrong_shape(folder):
    path = next(path for path in _shards(folder) if any("self_attn.q_proj.weight" in name for name in read_header(path)[0]))
    header, start = read_header(path)
    data = path.read_bytes()[start:]
    entry = next(value for name, value in header.items() if name.endswith("self_attn.q_proj.weight"))
    entry["shape"] = entry["shape"][::-1] if entry["shape"][0] != entry["shape"][1] else [entry["shape"][0] * 2, entry["shape"][1] // 2]
    write_with_header(path, header, data)


def _leave_folder(folder):
    def change(index):
        first = next(iter(index["weight_map"]))
        index["weight_map"][first] = "../" + index["weight_map"][first]
    _edit(folder, INDEX, change)


# What is done to a checkpoint of three files, and what the message must name.
BREAKAGES = {
    "a file is missing": (lambda folder: _shards(folder)[-1].unlink(), "model-00003-of-00003.safetensors"),
    "a file is cut": (
        lambda folder: _shards(folder)[1].write_bytes(_shards(folder)[1].read_bytes()[:-7]),
        "model-00002-of-00003.safetensors"),
    "a header is no JSON": (
        lambda folder: _write_at(_shards(folder)[0], 8, b"\xff\xfe"), "model-00001-of-00003.safetensors"),
    "a header is endless": (
        lambda folder: _write_at(_shards(folder)[0], 0, b"\xff" * 8), "model-00001-of-00003.safetensors"),
    "a tensor has another shape": (_wrong_shape, "q_proj.weight"),
    "the index has no metadata": (lambda folder: _edit(folder, INDEX, lambda index: index.pop("metadata")), INDEX),
    "the index counts parameters": (
        lambda folder: _edit(folder, INDEX, lambda index: index.update(
            metadata={"total_size": 1, "total_parameters": 21_000_000_000})), "total_parameters"),
    "the index leaves the folder": (_leave_folder, ".."),
    "the index is no JSON": (lambda folder: (folder / INDEX).write_text("{"), INDEX),
    "it is another architecture": (
        lambda folder: _edit(folder, "config.json", lambda config: config.update(
            architectures=["BertForMaskedLM"], model_type="bert")), "BertForMaskedLM"),
    "there is no configuration": (lambda folder: (folder / "config.json").unlink(), "config.json"),
    "there is no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer"),
}
# What is mended unless a job is strict.
REPAIRABLE = ["the index has no metadata", "the index counts parameters"]


def demo_shards(target):
    """The demo model's checkpoint in three files."""
    folder = copy_of(DEMO_MODEL, target)
    shard(folder)
    return folder
