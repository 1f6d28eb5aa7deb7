"""Safetensors files, as much of them as the accuracy table needs; bf16 stays as raw 16-bit numbers."""

import json
import struct
from pathlib import Path

import numpy

TYPES = {"F32": "<f4", "I32": "<i4", "I64": "<i8", "U8": "u1", "BF16": "<u2"}


def read(path):
    """Tensors by name with their types: {name: (type, values)}."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            values = numpy.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = entry["dtype"], values
    return tensors


def write(path, tensors):
    """Writes such tensors."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (kind, values) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in tensors.values():
            file.write(numpy.ascontiguousarray(values).tobytes())
