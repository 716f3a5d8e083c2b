# Programs that compare the times of files with the wall clock: a word names one, the next an empty folder.
import http.server
import logging
import logging.handlers
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request
import zipfile


def write(name, text="text"):
    with open(name, "w") as file:
        file.write(text)
    return name


def fresh():
    age = time.time() - os.stat(write("fresh")).st_mtime
    assert -2 < age < 5, age
    age = (time.time_ns() - os.stat("fresh").st_mtime_ns) / 1e9
    assert -2 < age < 5, age


def given():
    write("given")
    now = time.time_ns() // 1000 * 1000
    for moment in now, now - 3600 * 10**9, now + 3600 * 10**9, 10**18:
        os.utime("given", ns=(moment, moment))
        assert os.stat("given").st_mtime_ns == moment, (moment, os.stat("given"))
    os.utime("given")
    assert -2 < time.time() - os.path.getmtime("given") < 5


# What was written less than half a second ago is used again.
def ttl():
    write("cache")
    old = lambda: time.time() - os.path.getmtime("cache") > 0.5
    assert not old() or time.time() - os.path.getmtime("cache") < 5, "it is old at once"
    time.sleep(0.6)
    assert old(), "it does not grow old"


# A lock whose file is a minute old is taken over; a fresh one is not.
def stale_lock():
    write("lock")
    stale = lambda: time.time() - os.stat("lock").st_mtime > 60
    assert not stale()
    os.utime("lock", (time.time() - 100, time.time() - 100))
    assert stale()


def rotation():
    write("log", "before\n")
    handler = logging.handlers.TimedRotatingFileHandler("log", when="S", interval=1)
    log = logging.getLogger("corpus")
    log.addHandler(handler)
    time.sleep(1.15)
    log.warning("after")
    handler.close()
    assert len(os.listdir()) == 2, os.listdir()


# The newest of some files, of which one has been given a time of an hour ago.
def newest():
    for name in "abc":
        write(name)
        time.sleep(0.02)
    os.utime("c", (time.time() - 3600, time.time() - 3600))
    order = sorted(os.listdir(), key=os.path.getmtime)
    assert order == ["c", "a", "b"], order


def archive():
    write("packed")
    with tarfile.open("archive.tar", "w") as tar:
        tar.add("packed")
    with zipfile.ZipFile("archive.zip", "w") as packed:
        packed.write("packed")
    moment = tarfile.open("archive.tar").getmember("packed").mtime
    assert -2 < time.time() - moment < 5, moment
    date = time.mktime(zipfile.ZipFile("archive.zip").getinfo("packed").date_time + (0, 0, -1))
    assert -2 < time.time() - date < 7, date


# A copy keeps the time, and is not newer than what it was made from.
def copies():
    write("one")
    shutil.copy2("one", "two")
    assert abs(os.stat("one").st_mtime_ns - os.stat("two").st_mtime_ns) < 1000, "copy2"
    assert os.stat("one").st_mtime <= time.time() + 2


# What a module was compiled to is used until its source changes.
def module():
    for value in "1", "22":
        write("made.py", f"print({value})")
        for _ in range(2):
            seen = subprocess.run([sys.executable, "-c", "import made"], capture_output=True, text=True)
            assert seen.stdout.strip() == value, seen


def server():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    write("page")
    web = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address = f"http://127.0.0.1:{web.server_port}/page"
    headers = opener.open(address).headers
    assert abs(time.mktime(time.strptime(headers["Last-Modified"][5:-4], "%d %b %Y %H:%M:%S")) - time.mktime(time.gmtime())) < 7
    try:
        opener.open(urllib.request.Request(address, headers={"If-Modified-Since": headers["Date"]}))
        raise AssertionError("it was sent again")
    except urllib.error.HTTPError as error:
        assert error.code == 304, error


if __name__ == "__main__":
    os.chdir(sys.argv[2])
    globals()[sys.argv[1]]()
    print("ok")
