# SPDX-License-Identifier: Apache-2.0
"""Checks the model of a segment's life with SPIN.

usage: check_liveness.py [--spin SPIN] [--cc CC] CHECK...
       check_liveness.py --list

A check is one of
  holds.SCENARIO    no property is violated in any state, and no process is stuck
  ends.SCENARIO     under weak fairness, every process ends
  mutation.SWITCH   the model with one step changed violates exactly the property that is expected

Each check runs in a temporary directory: spin -a, the C compiler, and the verifier that this produces. The exit code
is 1 unless all states were visited and the result is the expected one.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

MODEL = Path(__file__).parent / "life_cycle.pml"
MEMORY_MIB = 1900
DEPTH = 1_000_000

WRITER = "1"  # of MORTALS: only the first writer can be killed
ALL = "255"


def scenario(writers: int, readers: int = 0, cleaners: int = 0, fencers: int = 0, **more: str) -> dict[str, str]:
    return {"WRITERS": str(writers), "READERS": str(readers), "CLEANERS": str(cleaners), "FENCERS": str(fencers),
            "KILLS": "0", "MORTALS": ALL} | more


SCENARIOS = {
    "create": scenario(2, KILLS="1", LIVES="2"),
    "create_and_fail": scenario(2, FAULTS="1", LIVES="2"),
    "wait": scenario(1, 1, PUBLISHES="2"),
    "attach": scenario(1, 1, LIVES="2", ATTEMPTS="2"),
    "replace": scenario(1, 1, LIVES="2", KILLS="1", MORTALS=WRITER, REPLACE="1"),
    "succeed": scenario(2, 1),
    "cleanup": scenario(1, 1, 1),
    "cleanup_of_orphan": scenario(1, 0, 1, KILLS="1", LIVES="2"),
    "cleanup_with_grace": scenario(1, 1, 1, KILLS="1", MORTALS=WRITER, GRACE="1"),
    "fence": scenario(1, 1, 0, 1),
    "fence_with_successor": scenario(2, 0, 0, 1),
    # A creator and an administrator can block each other for as long as both try in step.
    "fence_and_die": scenario(1, 0, 0, 1, KILLS="1", LIVES="2", PATIENCE="1"),
}

# Scenarios whose search takes longer than an optimizing compiler.
LARGE = ["succeed"]

# Scenarios in which each process also ends. A wait for a lock is repeated without limit.
ENDING = ["wait", "cleanup_of_orphan", "fence_and_die"]


class Mutation(NamedTuple):
    scenario: str
    found_by: str
    shortest: bool = False  # of several properties that are violated, the one with the shortest trail


MUTATIONS = {
    "NAME_BEFORE_LOCKS": Mutation("create", "no_file_of_a_writer_at_work_is_removed"),
    "LOCK_WITHOUT_CHECKING_THE_NAME": Mutation("create", "the_name_leads_to_the_writer"),
    "CREATE_WITHOUT_THE_NAMES_LOCK": Mutation("fence_with_successor", "the_name_leads_to_the_writer"),
    "LINK_BEFORE_RECORD": Mutation("cleanup_of_orphan", "a_cleanup_leaves_no_file"),
    "FORGET_BEFORE_UNLINK": Mutation("cleanup_of_orphan", "a_cleanup_leaves_no_file"),
    "CONTROL_FILE_FIRST": Mutation("cleanup_of_orphan", "a_cleanup_leaves_no_file"),
    "REMOVE_WITHOUT_CHECKING_THE_NAME": Mutation("succeed", "the_name_leads_to_the_writer"),
    "UNLOCK_BEFORE_UNLINK": Mutation("create", "the_name_leads_to_the_writer"),
    "NO_SECOND_LOOK_AT_READERS": Mutation("wait", "the_last_process_removes_the_files"),
    "GIVE_UP_AT_A_LOCK": Mutation("fence", "the_last_process_removes_the_files"),
    "CLEANER_LEAVES_THE_REST": Mutation("cleanup", "the_last_process_removes_the_files"),
    "DETACH_READS_THE_PHASE_FIRST": Mutation("wait", "the_last_process_removes_the_files"),
    "CLOSE_WAKES_NOBODY": Mutation("wait", "no_process_is_stuck"),
    "PHASE_BEFORE_GENERATION": Mutation("succeed", "no_process_is_stuck"),
    "WAIT_REMEMBERS_WHAT_IT_DOES_NOT_REPORT": Mutation("wait", "no_process_is_stuck"),
    "CREATE_WITHOUT_THE_WRITERS_LOCK": Mutation("create", "one_writer_at_work", shortest=True),
    "EVERY_FILE_HAS_THE_SAME_GENERATION": Mutation("replace", "the_name_leads_to_the_reader"),
    "RETRY_WITHOUT_END": Mutation("fence_and_die", "every_actor_ends"),
    "CLOSE_WITHOUT_THE_NAMES_LOCK": Mutation("fence_with_successor", "the_name_leads_to_the_writer"),
    "FENCING_KEEPS_THE_TOKEN": Mutation("fence_with_successor", "no_file_of_a_writer_at_work_is_removed"),
    "FENCING_TELLS_NO_READER": Mutation("fence", "no_process_is_stuck"),
    "FENCING_WAKES_NOBODY": Mutation("fence", "no_process_is_stuck"),
}


class Outcome(NamedTuple):
    violated: str  # the property; empty if there is none
    complete: bool
    summary: str


def verify(args: argparse.Namespace, defines: dict[str, str], liveness: bool, options: list[str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="evo_liveness_") as directory:
        def run(command: list[str]) -> str:
            done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
            if done.returncode != 0 and command[0] != "./pan":
                sys.exit(f"'{' '.join(command)}' failed:\n{done.stdout}{done.stderr}")
            return done.stdout + done.stderr

        run([args.spin, "-a", *(f"-D{name}={value}" for name, value in defines.items()), str(MODEL)])
        options += ["-DNFAIR=3"] if liveness else ["-DSAFETY", "-DNOCLAIM"]
        run([args.cc, "-w", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MIB}", "-DVECTORSZ=2048", *options, "-o", "pan", "pan.c"])
        output = run(["./pan", f"-m{DEPTH}", "-n", *(["-a", "-f"] if liveness else [])])
        violated = ""
        if not re.search(r"errors: 0$", output, re.MULTILINE):
            violated = next((line for line in output.splitlines() if line.startswith("pan:1:")), "")
            replay = run(["./pan", "-r", "life_cycle.pml.trail"])
            # A failed CHECK prints its name.
            if named := re.findall(r"printf\('([a-z_]+)'\)", replay):
                violated = named[-1]
            elif "invalid end state" in violated:
                violated = "no_process_is_stuck"
            elif "acceptance cycle" in violated:
                violated = "every_actor_ends"
    limit = re.search(r"max search depth too small|out of memory|memory limit|search incomplete|not completed|aborting", output, re.IGNORECASE)
    figures = [re.search(pattern, output) for pattern in
               (r"depth reached (\d+)", r"(\d+) states, stored", r"([\d.]+)\s+total actual memory", r"elapsed time ([\d.]+)")]
    if not all(figures):
        sys.exit(f"the verifier printed no result:\n{output}")
    depth, states, memory, seconds = (figure[1] for figure in figures if figure)
    return Outcome(violated, limit is None, f"{states} states, depth {depth}, {memory} MiB, {seconds} s")


def check(args: argparse.Namespace, name: str) -> bool:
    kind, _, what = name.partition(".")
    if kind == "mutation":
        expected = MUTATIONS[what].found_by
        options = ["-O0", "-DBFS"] if MUTATIONS[what].shortest else ["-O0"]
        outcome = verify(args, SCENARIOS[MUTATIONS[what].scenario] | {what: "1"}, expected == "every_actor_ends", options)
        passed = outcome.violated == expected
    else:
        expected = ""
        outcome = verify(args, SCENARIOS[what], kind == "ends", ["-O1" if what in LARGE else "-O0"])
        passed = outcome.violated == "" and outcome.complete
    problem = "" if passed else f" (expected: {expected or 'none'}; all states visited: {outcome.complete})"
    print(f"{name}: {outcome.summary}; violated: {outcome.violated or 'none'}{problem}", flush=True)
    return passed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spin", default="spin")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("checks", nargs="*", metavar="CHECK")
    args = parser.parse_args()
    names = [f"holds.{name}" for name in SCENARIOS] + [f"ends.{name}" for name in ENDING]
    names += [f"mutation.{name}" for name in MUTATIONS]
    if args.list:
        print("\n".join(names))
        return 0
    if unknown := [name for name in args.checks if name not in names]:
        sys.exit(f"there is no check '{unknown[0]}'; see --list")
    return 0 if all([check(args, name) for name in args.checks or names]) else 1


if __name__ == "__main__":
    sys.exit(main())
