#!/usr/bin/env python3
"""Writes the .npy vectors of this folder and manifest.json, with numpy 2.4.6:

    python3 -m pip install numpy==2.4.6 && python3 generate.py

The tests read the outputs and need no python. In the manifest, "bits" are the
elements in C order as float64, big-endian hexadecimal; "canonical" marks a file
that Write must reproduce byte for byte.
"""

import io
import json
import pathlib
import warnings

import numpy as np
from numpy.lib import format as npformat

warnings.simplefilter("ignore")  # versions 2.0 and 3.0 warn about old readers
here = pathlib.Path(__file__).parent
manifest = []


def values(*shape):
    n = int(np.prod(shape))
    return (np.arange(n, dtype="f8") * 0.37 - 1.25).reshape(shape)


def encoded(array, version=(1, 0)):
    buf = io.BytesIO()
    npformat.write_array(buf, array, version=version, allow_pickle=True)
    return buf.getvalue()


def good(name, array, version=(1, 0)):
    (here / f"{name}.npy").write_bytes(encoded(array, version))
    order = "C" if array.flags.c_contiguous else "F"
    manifest.append(
        {
            "name": name,
            "shape": list(array.shape),
            "dtype": "<" + array.dtype.str[1:],
            "bits": array.astype(">f8").tobytes("C").hex(),
            "canonical": array.dtype.str[0] == "<" and order == "C" and version == (1, 0),
        }
    )


def other_dtype(name, array):
    (here / f"{name}.npy").write_bytes(encoded(array))
    manifest.append({"name": name, "refused": "dtype"})


def aligned_shape():
    """A shape whose header is a multiple of 64 bytes before padding."""
    for dims in range(1, 40):
        for last in (1, 10, 100):
            shape = (2,) + (1,) * dims + (last,)
            text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape!r}, }}" + " " * 20
            if (10 + len(text) + 1) % 64 == 0:
                return shape
    raise SystemExit("no aligned shape found")


for dtype in ("<f4", "<f8", ">f4", ">f8"):
    tag = ("le" if dtype[0] == "<" else "be") + dtype[1:]
    good(f"{tag}_vector", values(7).astype(dtype))
    good(f"{tag}_matrix", values(3, 4).astype(dtype))
    good(f"{tag}_fortran", np.asfortranarray(values(2, 3, 4).astype(dtype)))

special = [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308]
good("special_f8", np.array(special))
good("special_f4", np.array([0.0, -0.0, np.nan, np.inf, 1e-45, 3.4028235e38], dtype="<f4"))
good("scalar", np.array(2.5))
good("empty", np.zeros((0,)))
good("empty_rows", np.zeros((3, 0), dtype="<f4"))
good("long_dimension", values(100, 1, 2))
good("all_dims", values(*(1,) * 64))
good("aligned", values(*aligned_shape()))
good("version2", values(5), (2, 0))
good("version3", values(5).astype("<f4"), (3, 0))

other_dtype("int64", np.arange(3))
other_dtype("float16", np.arange(3, dtype="<f2"))
other_dtype("complex", np.zeros(2, dtype="<c16"))
other_dtype("bool", np.zeros(2, dtype="?"))
other_dtype("text", np.array(["a", "bc"]))
other_dtype("object", np.array([None, 1], dtype=object))
other_dtype("structured", np.zeros(2, dtype=[("x", "<f4"), ("y", "<f4")]))

(here / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
