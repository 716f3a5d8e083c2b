"""Fetches wheels with the image's own pip, in the step with network. Arguments: `resolve` and requirement files, or `locked` and a
list of versions with their hashes. Nothing of a source distribution is run: pip takes wheels alone."""

import os
import re
import subprocess
import sys

OUTPUT = "/work/rcrepro-wheels"


def fail(line):
    sys.stderr.write("rcrepro: %s\n" % line)
    sys.exit(1)


def name(text):
    """A package's name as registries compare it, of a requirement or a file."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]*", text).group()).lower().strip("-")


def pip(options, files, **how):
    # In isolation no file of the folder is taken for a module.
    command = [sys.executable, "-I", "-m", "pip", "download", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--only-binary", ":all:", "--dest", OUTPUT] + options
    for file in files:
        command += ["--requirement", file]
    return subprocess.run(command, universal_newlines=True, **how)


def named(said):
    """Marks what goes on below an error, where pip names the packages."""
    found, goes_on = [], False
    for line in said.splitlines():
        goes_on = line.startswith("ERROR:") or (goes_on and line[:1].isspace())
        found.append("rcrepro: %s" % line.strip() if goes_on and line[:1].isspace() else line)
    return "".join("%s\n" % line for line in found)


def main(mode, files):
    try:
        import pip as _  # noqa: F401
    except ImportError:
        fail("the image has no pip for its python3: expected `python3 -m pip`")
    os.makedirs(OUTPUT)
    options = ["--no-deps", "--require-hashes"] if mode == "locked" else []
    ended = pip(options, files, stderr=subprocess.PIPE)
    sys.stderr.write(named(ended.stderr))
    if ended.returncode != 0:
        if mode == "resolve":
            sources(ended.stderr, files)
        sys.exit(ended.returncode)
    for file in os.listdir(OUTPUT):
        if not file.endswith(".whl"):
            fail("pip left `%s`, which is not a wheel" % file)


def sources(said, files):
    """Tells whether a package that has no wheel would have a source distribution: pip says so only where it says everything."""
    missing = re.findall(r"No matching distribution found for ([^\s(;]+)", said)
    if not missing:
        return
    said = pip(["-vv"], files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    for requirement in missing:
        wanted = re.search(r"===?([^,\s]+)", requirement)
        # The address of a page follows the file's.
        found = re.findall(r"No sources permitted for ([^:\s]+): \S*/([^/#?\s]+)", said)
        found = [file for of, file in found if name(of) == name(requirement)]
        if wanted:
            found = [file for file in found if "-%s." % wanted.group(1) in file]
        if found:
            fail("`%s` has no wheel for this Python and platform, only a source distribution (%s)" % (requirement, found[-1]))


main(sys.argv[1], sys.argv[2:])
