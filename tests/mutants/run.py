# SPDX-License-Identifier: Apache-2.0
"""Removes each numbered check of the runtime in turn, and runs the test that must notice.

usage: run.py BIN [--update] [NUMBER...]

BIN is the folder of the programs mutated_*_tests. checks.md names a test for each mutant, or says why none can notice.
--update searches for tests that notice new mutants, and writes checks.md. NUMBER...: only those.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checks import BadMark, Operand, find_checks

TABLE = Path(__file__).parent / "checks.md"
HEAD = "| check | place | mutant | result |\n| --- | --- | --- | --- |\n"
ROW = re.compile(r"^\| (\w+) \| `(.*)` \| ([^|]*) \| (.*) \|$", re.MULTILINE)
KILLED = re.compile(r"killed by (\w+) (\S+)$")
TOGETHER = re.compile(r"; without ([\w, ]+) as well, killed by (\w+) (\S+)$")
PROGRAM = "unit_tests"
SECONDS = 60  # a mutant that runs for longer is killed, too

# Tests that are tried first, by the letter of the number.
LIKELY = {
    "A": "HostileFile.*:ReaderAttachment.*:FitSchema.*:SchemaMismatch.*:HostileSchema.*:UserDomain.*:Create.*",
    "C": "ForeignControl.*:Control*:Create.*:Cleanup.*:Passive*",
    "D": "Domain.*:UserDomain.*:OpenChecked.*",
    "F": "Fencing.*",
    "G": "*SpoiledSchema*:*CrowdedSchema*:*RefusedSchema*:CheckedSchema.*:ReadSchema.*:HostileSchema.*:SchemaText.*",
    "H": "*ForgedHeader*:ReadHeader.*:PlanLayout.*:HostileFile.*",
    "K": "Cleanup.*:Teardown.*:DataFile.*:Ambiguous.*:Fencing.*:ForeignControl.*:Create.*",
    "T": "Create.*:*FindLastComplete*:*akeover*:*akeOver*:StatePublisher*:StreamPublisher*",
    "W": "Create*:PlanLayout.*:UserDomain.*:Domain.*:Limits.*:Ambiguous.*:ReadHeader.*"}

# Threads or processes race in these, so that they may miss a mutant.
RACES = ("Teardown.NothingStaysWhenAllGoAtOnce:Ambiguous.NeverBothThoughTheyComeTogether:"
         "Create.OnlyOneOfManyThatComeTogetherWins:Fencing.TwoAdministratorsAtOnceDoNotCollide:"
         "Fencing.OfAWriterThatPublishesInALoop")


@dataclass
class Runner:
    """Runs tests of the mutated programs; what they leave behind is in one folder."""
    programs: Path
    parent: str

    def run(self, program: str, tests: str, mutant: str, seconds: float = SECONDS) -> tuple[bool, str]:
        """Whether all passed, and the output."""
        environment = {**os.environ, "EVO_TEST_PARENT": self.parent, "EVO_MUTANT": mutant}
        command = [str(self.programs / f"mutated_{program}"), f"--gtest_filter={tests}", "--gtest_color=no",
                   "--gtest_brief=0"]
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env=environment, cwd=self.parent, start_new_session=True)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = 1
                os.killpg(process.pid, 9)
                process.wait()
            output.seek(0)
            return code == 0, output.read().decode(errors="replace")

    def kills(self, program: str, test: str, mutant: str) -> bool:
        passed, output = self.run(program, test, mutant)
        if f"[ RUN      ] {test}" not in output:
            raise BadMark(f"{program} has no test {test}")
        return not passed

    def find_killer(self, mutant: str) -> tuple[str, str] | None:
        """The program and the name of the first test that notices."""
        for tests in [f"{LIKELY[mutant[0]]}-{RACES}", f"*-{RACES}"]:
            _, output = self.run(PROGRAM, tests, mutant)
            failed = re.findall(r"^\[  FAILED  \] (\w\S*\.[^\s,]+)", output, re.MULTILINE)
            # The last test that began crashed, or did not end.
            begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
            for test in [*dict.fromkeys(failed), *begun[-1:]]:
                if self.kills(PROGRAM, test, mutant) and not self.kills(PROGRAM, test, ""):
                    return PROGRAM, test
        return None

    def judge(self, mutant: str, result: str, searches: bool) -> str:
        """What became of the mutant: `result` if that is still so."""
        if match := KILLED.match(result):
            if self.kills(match[1], match[2], mutant):
                return result
        elif match := TOGETHER.search(result):
            if self.kills(match[2], match[3], mutant):
                return f"killed by {match[2]} {match[3]}"
            others = match[1].replace(" ", "")
            if self.kills(match[2], match[3], f"{mutant},{others}"):
                return result if not self.kills(match[2], match[3], others) else f"{others} alone is noticed, too"
        elif result.startswith("survives: "):
            return result
        if searches and (killer := self.find_killer(mutant)):
            return f"killed by {killer[0]} {killer[1]}"
        return "survives"


def named_tests(rows: dict[str, str]) -> dict[str, set[str]]:
    tests: dict[str, set[str]] = {PROGRAM: set()}
    for result in rows.values():
        if match := KILLED.match(result):
            tests[match[1]].add(match[2])
        elif match := TOGETHER.search(result):
            tests[match[2]].add(match[3])
    return tests


def unmutated_faults(runner: Runner, rows: dict[str, str]) -> list[str]:
    """Tests that fail, are skipped, or do not exist, with all checks in place."""
    faults = []
    for program, tests in named_tests(rows).items():
        if not tests:
            continue
        _, output = runner.run(program, ":".join(sorted(tests)), "", seconds=10 * SECONDS)
        passed = set(re.findall(r"^\[       OK \] (\S+)", output, re.MULTILINE))
        faults += [f"{program} {test} does not pass with all checks in place" for test in sorted(tests - passed)]
    return faults


def write_table(mutants: list[Operand], results: list[str]) -> None:
    text = TABLE.read_text(encoding="utf-8").split(HEAD)[0] + HEAD
    for mutant, result in zip(mutants, results):
        place = mutant.place.replace("|", "\\|")
        text += f"| {mutant.number} | `{place}` | {mutant.change} | {result} |\n"
    TABLE.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    options = {each for each in arguments if each.startswith("-")}
    only = set(arguments[1:]) - options
    if not arguments or arguments[0] in options or options - {"--update"}:
        print(__doc__, file=sys.stderr)
        return 2
    start = time.monotonic()
    updates = "--update" in options
    mutants = find_checks()
    rows = {match[1]: (match[2].replace("\\|", "|"), match[3], match[4])
            for match in ROW.finditer(TABLE.read_text(encoding="utf-8"))}
    faults = [] if updates else [f"{each.number} is not in checks.md as it is in the sources" for each in mutants
                                 if rows.get(each.number, ())[:2] != (each.place, each.change)]
    faults += [] if updates else [f"{number} is not in the sources" for number in rows
                                  if number not in {each.number for each in mutants}]
    # A check that moved to another number keeps its test.
    known = {row[:2]: row[2] for row in rows.values()}
    expected = {each.number: rows[each.number][2] if rows.get(each.number, ())[:2] == (each.place, each.change)
                else known.get((each.place, each.change), "survives") for each in mutants}
    every = mutants
    if only:
        mutants = [each for each in mutants if each.number in only]
    parent = tempfile.mkdtemp(prefix="evo-mutants-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    os.chmod(parent, 0o755)
    try:
        runner = Runner(Path(arguments[0]).resolve(), parent)
        faults += unmutated_faults(runner, {each.number: expected[each.number] for each in mutants})
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda each: runner.judge(each.number, expected[each.number], updates), mutants))
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    for mutant, result in zip(mutants, results):
        if result == "survives" or (result != expected[mutant.number] and not updates):
            faults.append(f"{mutant.number} ({mutant.place}, {mutant.change}): "
                          f"{result}, expected: {expected[mutant.number]}")
    if updates:
        expected.update({each.number: result for each, result in zip(mutants, results)})
        write_table(every, [expected[each.number] for each in every])
    for fault in faults:
        print(f"mutants: {fault}", file=sys.stderr)
    killed = sum(result.startswith("killed") for result in results)
    print(f"{len(mutants)} mutants: {killed} killed, {len(mutants) - killed} survive; "
          f"{time.monotonic() - start:.0f} s")
    if faults:
        print("mutants: add a test, or say in checks.md why none can notice; then scripts/mutants --update",
              file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BadMark as error:
        sys.exit(f"mutants: {error}")
