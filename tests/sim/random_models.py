#!/usr/bin/env python3
"""random_models.py USHER_SIM [FIRST [COUNT]]: models made by chance, run for what the engine promises at each step.

Prints each seed that failed with its model, so that `random_models.py USHER_SIM SEED 1` shows it again; ends with 1 then.
Everybody has some patience, so no model can be flooded.
"""
import random
import subprocess
import sys
import tempfile

STRATEGIES = "longest-idle least-loaded round-robin fewest-handled fewest-skills random".split()


def skills_text(skills):
    return "{" + ", ".join(f"{name}: {level}" for name, level in skills.items()) + "}"


def model(seed):
    r = random.Random(seed)
    names = [f"s{i}" for i in range(r.randint(1, 8))]
    with_units = r.random() < 0.5
    lines = ["types:"]
    for i in range(r.randint(1, 12)):
        need = {s: r.choice([1, 20, 50, 80, 100]) for s in r.sample(names, r.randint(0, min(3, len(names))))}
        units = f", units: {r.choice([10, 20, 25, 50, 100])}" if with_units else ""
        lines.append(
            f"  - {{name: t{i}, rate_per_h: {r.uniform(1, 200):.2f}, segment: x{i % 4}{units}, "
            f"patience_s: {r.choice([0, 20, 30, 100, 600, 2000])}, "
            f"service_mean_s: {r.choice([20, 100, 240, 600])}, requires: {skills_text(need)}}}")
    lines.append("agents:")
    for i in range(r.randint(1, 10)):
        have = {s: r.randint(1, 100) for s in r.sample(names, r.randint(0, len(names)))}
        units = f", units: {r.choice([60, 100, 130])}" if with_units else ""
        lines.append(f"  - {{name: g{i}, count: {r.randint(1, 8)}, skills: {skills_text(have)}{units}}}")
    hold = ""
    if r.random() < 0.5:
        hold = f", hold_back: {{pool: all, x2: {r.randint(0, 3)}, x3: {r.randint(0, 3)}}}, hold_max_s: {r.choice([0, 5, 60])}"
    if r.random() < 0.5:
        hold += f", lanes: {{x0: {r.randint(1, 9)}, x2: {r.randint(1, 3)}, x3: {r.randint(1, 3)}}}"
    lines.append(f"policy: {{strategy: {r.choice(STRATEGIES)}, "
                 f"offsets_s: {{x1: {r.randint(-300, 0)}, x2: {r.randint(0, 900)}}}{hold}}}")
    return "\n".join(lines) + "\n"


def main():
    sim = sys.argv[1]
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    failed = 0
    for seed in range(first, first + count):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(model(seed))
            f.flush()
            try:
                p = subprocess.run([sim, f.name, "--arrivals", "10000", "--seed", str(seed)],
                                   capture_output=True, text=True, timeout=60)
                why = p.stderr if p.returncode else ""
                bad = p.returncode != 0
            except subprocess.TimeoutExpired:
                why, bad = "took longer than 60 s", True
        if bad:
            failed += 1
            print(f"not ok: seed {seed}: {why}\n{model(seed)}")
    print(f"{count - failed} of {count} models ran clean")
    sys.exit(1 if failed else 0)


main()
