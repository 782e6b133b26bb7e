"""Runs the tests of a directory; prints a line of JSON for each as it ends, with what went wrong in it."""

import json
import sys
import time
import traceback
import unittest
from typing import Any


class Lines(unittest.TestResult):
    """Tells of each test by its file and its name, the way they stand in the source."""

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.began = time.monotonic()
        self.wrong: list[str] = []

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        module, _, name = test.id().split(".")[-3:]
        ms = round((time.monotonic() - self.began) * 1000)
        print(json.dumps({"file": f"{module}.py", "name": name, "wrong": self.wrong, "ms": ms}), flush=True)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self.note(err)

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self.note(err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(err, str(subtest))

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self.wrong.append(f"skipped: {reason}")

    def note(self, err: Any, where: str = "") -> None:
        text = f"{where}\n{''.join(traceback.format_exception(*err))}".strip()
        self.wrong.append(text)


if __name__ == "__main__":
    result = Lines()
    unittest.TestLoader().discover(sys.argv[1], top_level_dir=sys.argv[1]).run(result)
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
