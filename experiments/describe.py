"""`python -m experiments.describe NAME [KEY=VALUE ...]`: one JSON document on stdout.

A process of its own, so that whoever asks need not load torch.
"""

import json
import sys

from experiments.workloads.protocol import describe
from knowledge.errors import AdvisorError


def main() -> int:
    """Print the description; 2 and one sentence on stderr when it cannot be built."""
    name, *pairs = sys.argv[1:]
    try:
        options = dict(pair.split("=", 1) for pair in pairs)
        print(json.dumps(describe(name, options).to_dict()))
    except ValueError:
        print("write options as KEY=VALUE.", file=sys.stderr)
        return 2
    except AdvisorError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
