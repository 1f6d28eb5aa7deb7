"""The engines that can be compared, by name."""

from pathlib import Path

from .llama import LlamaPeer
from .outcrop import OutcropPeer
from .torch import TransformersPeer, VLLMPeer
from .unavailable import UnavailablePeer

NATIVE = "-DGGML_NATIVE=ON"
IK_INCLUDE = Path(__file__).parents[1] / "workers" / "ik_build_info.cmake"

PEERS = {
    peer.name: peer
    for peer in (
        OutcropPeer("outcrop", "MXFP4 experts, int8 dense"),
        OutcropPeer("outcrop-int8", "the same, activations in int8", ["--precision", "int8"]),
        LlamaPeer(
            "ik_llama.cpp", "ik_llama_cpp", ["--no-binary", "ik-llama-cpp-python", "ik-llama-cpp-python"],
            "MXFP4 experts, Q8_0 dense, repacked at load; compiled for this machine",
            {"CMAKE_ARGS": f"{NATIVE} -DCMAKE_PROJECT_TOP_LEVEL_INCLUDES={IK_INCLUDE}"}),
        LlamaPeer(
            "llama.cpp", "llama_cpp", ["llama-cpp-python"], "MXFP4 experts, Q8_0 dense; compiled for this machine",
            {"CMAKE_ARGS": NATIVE}),
        LlamaPeer(
            "ik_llama.cpp-avx2", "ik_llama_cpp", ["ik-llama-cpp-python"],
            "MXFP4 experts, Q8_0 dense, repacked at load; the package's own library, compiled for AVX2", {}),
        VLLMPeer(),
        TransformersPeer(),
        UnavailablePeer(
            "llama-cpp-py-sync", "its library wants glibc 2.38 (Debian 12 has 2.36); `llama.cpp` is compiled instead"),
        UnavailablePeer(
            "mistralrs", "0.9.5 loads gpt-oss, but on two cores of a Zen 4 it prefills 4 and decodes 0.16 tokens a second "
            "with the 4-layer shape: there is nothing to compare"),
        UnavailablePeer(
            "openvino-genai", "reads models of its own format only, whose export expands all experts to 16 bits (42 GB for "
            "gpt-oss-20b) and quantises them anew: neither the same weights nor within this memory"),
    )
}
