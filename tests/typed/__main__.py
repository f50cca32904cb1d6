"""Do pyright and mypy find no error in script.py, and each planted one in mistakes.py? For `make lint`.

python tests/typed
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("script.py", "mistakes.py")


def planted():
    """The (file, line) of each mistake."""
    lines = (HERE / "mistakes.py").read_text(encoding="utf-8").splitlines()
    return {("mistakes.py", i) for i, line in enumerate(lines, 1) if line.endswith("# mistake")}


def by_mypy():
    """{(file, line): message} of what mypy finds."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", *FILES]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+): error: (.*)$", done.stdout, re.M)
    if not found and done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return {(Path(file).name, int(line)): message for file, line, message in found}


def by_pyright():
    """The same of pyright."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", *FILES]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if "{" not in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    report = json.loads(done.stdout[done.stdout.index("{") :])
    return {
        (Path(e["file"]).name, e["range"]["start"]["line"] + 1): e["message"]
        for e in report["generalDiagnostics"]
        if e["severity"] == "error"
    }


def main():
    """Say what is wrong, and exit with 1 if anything is."""
    wanted, wrong = planted(), []
    for name, found in (("mypy", by_mypy()), ("pyright", by_pyright())):
        wrong += [f"{name}: {file}:{line}: {found[file, line]}" for file, line in sorted(found.keys() - wanted)]
        wrong += [f"{name} does not find the mistake in {file}:{line}" for file, line in sorted(wanted - found.keys())]
    print("\n".join(wrong) or f"mypy and pyright find the {len(wanted)} planted mistakes, and nothing else.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
