"""vcpkg_json.py FILE - checks a port's vcpkg.json against the fields that vcpkg's reference names. vcpkg itself is not
here: it may check more."""

import json
import re
import sys

# Field: what its value must match.
FIELDS = {
    "name": r"[a-z0-9]+(-[a-z0-9]+)*",
    "version": r"\d+(\.\d+)*",
    "description": r".+[^.]",
    "homepage": r"[a-z]+://\S+",
    "license": r"[A-Za-z0-9.-]+( (OR|AND) [A-Za-z0-9.-]+)*",
    "supports": r"[a-z0-9&|!() ]+",
}

with open(sys.argv[1], encoding="utf-8") as file:
    manifest = json.load(file)
for name in FIELDS.keys() | manifest.keys():
    if name not in FIELDS:
        sys.exit(f"vcpkg.json: {name} is no field that we know")
    if name not in manifest:
        sys.exit(f"vcpkg.json: {name} is missing")
    if not re.fullmatch(FIELDS[name], manifest[name]):
        sys.exit(f"vcpkg.json: {name} is {manifest[name]!r}")
