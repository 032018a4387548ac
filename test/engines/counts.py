"""What two readers of test reports count: junitparser (junit FILE...), and the kernel's kunit_parser (ktap FILE...)."""
import json
import sys


def junit(name):
    from junitparser import JUnitXml, TestSuite

    root = JUnitXml.fromfile(name)
    suites = [root] if isinstance(root, TestSuite) else list(root)
    counts = dict(passed=0, failed=0, errors=0, skipped=0)
    for suite in suites:
        stated = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        found = (suite.tests, suite.failures, suite.errors, suite.skipped)
        if stated != found:
            sys.exit(f"{name}: {suite.name} states {stated} and has {found}")
        counts["failed"] += suite.failures
        counts["errors"] += suite.errors
        counts["skipped"] += suite.skipped
        counts["passed"] += suite.tests - suite.failures - suite.errors - suite.skipped
    return counts


def ktap(name):
    sys.path.insert(0, "kunit")
    import kunit_parser

    kunit_parser.stdout.print_with_timestamp = lambda text: None
    with open(name, encoding="utf-8") as file:
        counts = kunit_parser.parse_run_tests(line.rstrip("\n") for line in file).counts
    return dict(passed=counts.passed, failed=counts.failed, errors=counts.crashed + counts.errors, skipped=counts.skipped)


reader = {"junit": junit, "ktap": ktap}[sys.argv[1]]
print(json.dumps({name: reader(name) for name in sys.argv[2:]}))
