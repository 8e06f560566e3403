#!/usr/bin/env python3
"""Holds final states of histories (lines on stdin) against the executable model: authority_oracle.py
MODEL.PY. One line is a state as JSON: the entries a replica holds, and which of them count."""
import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("model", sys.argv[1])
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)

states = entries = 0
for line in sys.stdin:
    state = json.loads(line)
    world = model.G_()
    world.vill, world.dev, world.all, world.pc = state["seats"], state["devices"], {}, {}
    replica = model.Rep("x", "P2")
    for e in state["entries"]:
        arg = e["arg"]
        if e["kind"] == "CUT":
            arg = (arg[0], arg[1], tuple(tuple(h) for h in arg[2]))
        elif isinstance(arg, list):
            arg = tuple(arg)
        op = model.Op(e["author"], e["inc"], e["seq"], e["prev"], e["kind"], arg, 0, False, 0, e["deps"])
        op.id = e["id"]
        world.all[op.id] = op
        replica.put(op, world)
    accepted = replica.evaluate(world)[0]
    expected = {e["id"] for e in state["entries"] if e["counts"]}
    if accepted != expected:
        print("seed", state["seed"], "differs:", sorted(accepted ^ expected)[:10])
        sys.exit(1)
    states += 1
    entries += len(state["entries"])
print(states, "states with", entries, "entries: no difference")
