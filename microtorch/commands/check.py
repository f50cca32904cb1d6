"""Check the exercises of a lesson: points for each step, and what is wrong with the others.

Where the file is not there yet, the questions are written to it: `check exercises/03` begins lesson 3. The answers run
in a process of their own, with a time limit; what they do there cannot change their points.
"""

import json
import sys
from pathlib import Path


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("path", help="the file with the answers, ending in the number of the lesson: exercises/03")
    parser.add_argument("--exercise", metavar="FILE", help="a file with checks of your own, instead of a lesson's")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="that one call may take")
    parser.add_argument("--user", help="run the answers as this user; needs root")
    parser.add_argument("--format", choices=FORMATS, default="text", help="of the result")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument("--out", metavar="FILE", help="where the result goes, instead of the terminal")


def run(args):
    """Check the file, or make it."""
    from ..exercises import check, start
    from ..exercises.grading import file_of, not_handed_in
    from ..io.files import replacing

    if not args.timeout > 0:
        raise ValueError(f"check: --timeout is {args.timeout:g}. Give a number of seconds.")
    path = file_of(args.path)
    missing = not path.exists()
    if missing and args.format != "gradescope":
        if args.exercise is not None or args.format != "text":
            raise FileNotFoundError(f"check: {path} is not there.")
        start(path)
        print(f"Made {path}. Fill it in, then run this again.")
        return 0
    result = not_handed_in(path, args.exercise) if missing else check(path, args.exercise, args.timeout, args.user)
    text = FORMATS[args.format](result)
    if args.out is None:
        print(text)
    else:
        with replacing(Path(args.out)) as temporary:
            temporary.write_text(f"{text}\n", encoding="utf-8")
        print(f"{result.points} of {result.total} points: {args.out}", file=sys.stderr)
    return 0 if result.points == result.total else 1


def _json(result):
    from ..exercises.formats import as_json

    return json.dumps(as_json(result), indent=2, ensure_ascii=False)


def _gradescope(result):
    from ..exercises.formats import as_gradescope

    return json.dumps(as_gradescope(result), indent=2, ensure_ascii=False)


FORMATS = {"text": str, "json": _json, "gradescope": _gradescope}
