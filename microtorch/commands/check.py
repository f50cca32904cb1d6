"""Check the exercises of a lesson: points for each step, and what is wrong with the others.

Where the file is not there yet, the questions are written to it: `check exercises/03` begins lesson 3.
"""


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("path", help="the file with the answers, ending in the number of the lesson: exercises/03")


def run(args):
    """Check the file, or make it."""
    from ..exercises import check, start
    from ..exercises.grading import file_of

    path = file_of(args.path)
    if not path.exists():
        start(path)
        print(f"Made {path}. Fill it in, then run this again.")
        return 0
    result = check(path)
    print(result)
    return 0 if result.points == result.total else 1
