# Programs that wait in each way that Python has: the first word names one.
import asyncio
import concurrent.futures
import datetime
import multiprocessing
import queue
import sched
import select
import signal
import socket
import subprocess
import sys
import threading
import time


def about(what, passed, least):
    assert least <= passed < least + 60, f"{what}: {passed} s instead of {least} s"


def stopwatch():
    began = time.time()
    time.sleep(0.4)
    about("by the wall clock", time.time() - began, 0.4 - 1e-6)


def nanoseconds():
    began, ours = time.time_ns(), time.perf_counter_ns()
    time.sleep(0.3)
    ended, theirs = time.time_ns(), time.perf_counter_ns()
    assert abs((ended - began) - (theirs - ours)) < 200_000_000, (ended - began, theirs - ours)


def datetime_deadline():
    deadline = datetime.datetime.now() + datetime.timedelta(milliseconds=300)
    while datetime.datetime.now() < deadline:
        time.sleep(0.02)


# Polls for what takes half a second, and gives up after twenty seconds by the wall clock.
def gives_up():
    ready = time.monotonic() + 0.3
    limit = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=20)
    while time.monotonic() < ready:
        assert datetime.datetime.now(datetime.timezone.utc) < limit, "it gave up"
        time.sleep(0.02)


def sched_wall():
    ran, began = [], time.monotonic()
    scheduler = sched.scheduler(time.time, time.sleep)
    for name, delay in ("b", 0.3), ("a", 0.1):
        scheduler.enter(delay, 1, ran.append, (name,))
    scheduler.run()
    assert ran == ["a", "b"], ran
    about("the last", time.monotonic() - began, 0.299)


def sched_monotonic():
    ran = []
    scheduler = sched.scheduler()
    scheduler.enter(0.3, 1, ran.append, ("b",))
    scheduler.enter(0.1, 1, ran.append, ("a",))
    scheduler.run()
    assert ran == ["a", "b"], ran


def timer():
    began, done = time.monotonic(), threading.Event()
    threading.Timer(0.3, done.set).start()
    assert done.wait(60)
    about("the timer", time.monotonic() - began, 0.299)


def locks():
    began, lock, condition = time.monotonic(), threading.Lock(), threading.Condition()
    lock.acquire()
    assert not lock.acquire(timeout=0.1)
    with condition:
        assert not condition.wait(0.1)
    assert not threading.Semaphore(0).acquire(timeout=0.1)
    about("three waits", time.monotonic() - began, 0.299)


def queues():
    began = time.monotonic()
    try:
        queue.Queue().get(timeout=0.3)
        raise AssertionError("something was in it")
    except queue.Empty:
        about("the queue", time.monotonic() - began, 0.299)


# A lock that several processes share: its deadline is one of the wall clock.
def shared_lock():
    lock, began = multiprocessing.Lock(), time.monotonic()
    lock.acquire()
    assert not lock.acquire(timeout=0.3)
    about("the lock", time.monotonic() - began, 0.299)


def tell(connection):
    connection.send(time.time())


def processes():
    ours, theirs = multiprocessing.Pipe()
    before = time.time()
    child = multiprocessing.get_context("spawn").Process(target=tell, args=(theirs,))
    child.start()
    assert ours.poll(60)
    inside = ours.recv()
    child.join()
    assert before <= inside <= time.time(), (before, inside)


async def asynchronous():
    began = time.monotonic()
    await asyncio.gather(*(asyncio.sleep(0.2) for _ in range(10)))
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.1)
        raise AssertionError("it was set")
    except asyncio.TimeoutError:
        about("the loop", time.monotonic() - began, 0.29)


def asyncio_waits():
    asyncio.run(asynchronous())


# A task that runs once a tenth of a second by the wall clock, as many do.
def asyncio_wall():
    async def ticks():
        due = time.time()
        for _ in range(4):
            while time.time() < due:
                await asyncio.sleep(0.01)
            due = time.time() + 0.1

    asyncio.run(ticks())


def timeouts():
    began = time.monotonic()
    try:
        subprocess.run(["sleep", "30"], timeout=0.2)
        raise AssertionError("it ended")
    except subprocess.TimeoutExpired:
        pass
    one, other = socket.socketpair()
    one.settimeout(0.1)
    try:
        one.recv(1)
        raise AssertionError("something came")
    except TimeoutError:
        pass
    assert select.select([one], [], [], 0.1)[0] == []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        future = pool.submit(time.sleep, 0.2)
        try:
            future.result(timeout=0.1)
            raise AssertionError("it ended")
        except concurrent.futures.TimeoutError:
            pass
    about("four timeouts", time.monotonic() - began, 0.49)


def alarm():
    class Alarm(Exception):
        pass

    def ring(number, frame):
        raise Alarm

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    began = time.monotonic()
    try:
        time.sleep(60)
        raise AssertionError("it did not ring")
    except Alarm:
        about("the alarm", time.monotonic() - began, 0.29)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("ok")
