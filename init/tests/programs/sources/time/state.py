# Programs that keep moments by the wall clock and decide by them: the first word names one.
import base64
import email.utils
import functools
import hashlib
import hmac
import http.cookiejar
import http.server
import json
import logging
import logging.handlers
import os
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
import uuid


def sign(payload):
    body = base64.urlsafe_b64encode(json.dumps(payload).encode())
    return body + b"." + base64.urlsafe_b64encode(hmac.new(b"key", body, hashlib.sha256).digest())


def expired(token):
    body, mac = token.split(b".")
    assert hmac.compare_digest(base64.urlsafe_b64decode(mac), hmac.new(b"key", body, hashlib.sha256).digest())
    payload = json.loads(base64.urlsafe_b64decode(body))
    assert payload["iat"] <= time.time() + 1, "issued in the future"
    return payload["exp"] <= time.time()


def token():
    now = time.time()
    short, long = sign({"iat": now, "exp": now + 0.4}), sign({"iat": now, "exp": now + 3600})
    assert expired(sign({"iat": now - 2, "exp": now - 1}))
    time.sleep(0.45)
    assert expired(short), "it is good after its time"
    assert not expired(long)


def session():
    store = {"a": time.time()}
    stale = lambda: time.time() - store["a"] > 0.3
    time.sleep(0.35)
    assert stale(), "it is as fresh as at the beginning"
    store["a"] = time.time() + 60
    assert not stale()


def limiter():
    tokens, last, taken, began = 1.0, time.time(), 0, time.monotonic()
    while taken < 3:
        now = time.time()
        tokens, last = min(1, tokens + (now - last) * 5), now
        if tokens >= 1:
            tokens, taken = tokens - 1, taken + 1
        else:
            time.sleep(0.01)
    assert time.monotonic() - began >= 0.39, "more than it may"


def window():
    hits = []

    def allowed():
        hits[:] = [hit for hit in hits if hit > time.time() - 0.3]
        hits.append(time.time())
        return len(hits) <= 2

    assert [allowed(), allowed(), allowed()][:2] == [True, True]
    time.sleep(0.35)
    assert allowed(), "the window has not moved"


def cache():
    made = []

    @functools.lru_cache
    def load(tenth):
        made.append(tenth)
        return tenth

    load(time.time_ns() // 200_000_000)
    time.sleep(0.25)
    load(time.time_ns() // 200_000_000)
    assert len(made) == 2, made


# With a count in the module itself, for when the clock stands.
def uuids():
    uuid._generate_time_safe = None
    check_uuids()


# With the system's library, which waits for the clock when it has made a few at one time.
def uuids_of_library():
    assert uuid._generate_time_safe, "this Python does not know the library"
    check_uuids()


def check_uuids():
    before = time.time_ns()
    made = [uuid.uuid1() for _ in range(200)]
    times = [one.time for one in made]
    assert times == sorted(times) and len(set(made)) == 200
    # Hundreds of nanoseconds since the calendar's beginning in 1582.
    moment = times[-1] * 100 - 0x01B21DD213814000 * 100
    assert before - 2e9 <= moment <= time.time_ns() + 2e9, (before, moment)


def records():
    class Keep(logging.Handler):
        kept = []

        def emit(self, record):
            self.kept.append(record)

    log = logging.getLogger("corpus")
    log.addHandler(Keep())
    for name in "abc":
        log.warning(name)
        time.sleep(0.02)
    created = [record.created for record in Keep.kept]
    assert created == sorted(created) and len(set(created)) == 3, created


def rotation():
    with tempfile.TemporaryDirectory() as folder:
        handler = logging.handlers.TimedRotatingFileHandler(folder + "/log", when="S", interval=1, delay=True)
        log = logging.getLogger("corpus")
        log.addHandler(handler)
        log.warning("before")
        time.sleep(1.15)
        log.warning("after")
        handler.close()
        assert len(os.listdir(folder)) == 2, os.listdir(folder)


# One server, whose pages hold a cookie of a second and the server's date.
def cookies():
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Set-Cookie", "a=1; Max-Age=1")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    answer = opener.open(f"http://127.0.0.1:{server.server_port}/")
    date = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert -2 < time.time() - date < 60, date
    assert len(jar) == 1
    time.sleep(1.1)
    jar.clear_expired_cookies()
    assert len(jar) == 0, "it lives after its time"


def sqlite(statement):
    return sqlite3.connect(":memory:").execute(statement).fetchone()[0]


def sqlite_agrees():
    for statement in (
        "SELECT strftime('%s', 'now')",
        "SELECT strftime('%s', CURRENT_TIMESTAMP)",
        "SELECT (julianday('now') - 2440587.5) * 86400",
        "SELECT strftime('%s', CURRENT_DATE || ' ' || CURRENT_TIME)",
    ):
        before, value, after = time.time(), float(sqlite(statement)), time.time()
        assert before - 1.1 <= value <= after + 0.1, (statement, before, value)


def sqlite_passes():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE record (name, created DEFAULT CURRENT_TIMESTAMP, day DEFAULT (julianday('now')))")
    connection.execute("INSERT INTO record (name) VALUES ('a')")
    time.sleep(1.1)
    connection.execute("INSERT INTO record (name) VALUES ('b')")
    count = "SELECT count(DISTINCT created), (max(day) - min(day)) * 86400 FROM record"
    moments, passed = connection.execute(count).fetchone()
    assert moments == 2 and 1.09 < passed < 60, (moments, passed)


def sqlite_expires():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE session (name, until REAL)")
    now = "(julianday('now') - 2440587.5) * 86400"
    connection.execute(f"INSERT INTO session VALUES ('a', {now} + 0.3), ('b', {now} + 3600)")
    time.sleep(0.4)
    connection.execute(f"DELETE FROM session WHERE until <= {now}")
    left = connection.execute("SELECT group_concat(name) FROM session").fetchone()[0]
    assert left == "b", left


# The newest is at the top, as a page would show it.
def sqlite_order():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE page (name, made DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')))")
    for name in "cab":
        connection.execute("INSERT INTO page (name) VALUES (?)", name)
        time.sleep(0.02)
    names = [row[0] for row in connection.execute("SELECT name FROM page ORDER BY made DESC, name")]
    assert names == ["b", "a", "c"], names


def sqlite_busy():
    with tempfile.TemporaryDirectory() as folder:
        one = sqlite3.connect(folder + "/base", isolation_level=None)
        other = sqlite3.connect(folder + "/base", timeout=0.3, isolation_level=None)
        one.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        try:
            other.execute("BEGIN EXCLUSIVE")
            raise AssertionError("it was free")
        except sqlite3.OperationalError:
            assert 0.25 <= time.monotonic() - began < 60


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("ok")
