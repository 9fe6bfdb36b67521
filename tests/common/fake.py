#!/usr/bin/env python3
"""A process that behaves as badly as it is told: `fake.py KIND MARK FOLDER [HABIT ...]`.

KIND is what is left running: `child` (this process itself), `grandchild`, `session` (in a session of its
own), `daemon` (forked twice), `bare` (the same with an emptied environment), `hops` (one that goes on in a
new process, in a new session, every millisecond). What is left running writes FOLDER/up when it runs. MARK only stands in the command line, by which tests find every process of theirs.

HABIT: `ends` (this process ends with 0 when the other is up; else both stay), `fails` (ends with 3),
`deaf` (all are deaf to what asks them to end, and say `asked`), `stopped` (what is left stops itself),
`talks` (what is left holds the output and writes without end).
"""
import os
import signal
import sys
import time

kind, mark, folder, *habits = sys.argv[1:]


def asked(number, frame):
    os.write(1, b"asked\n")


def deafen():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, asked)


def stay():
    if "deaf" in habits:
        deafen()
    with open(os.path.join(folder, "up.tmp"), "w") as file:
        file.write(str(os.getpid()))
    os.rename(file.name, os.path.join(folder, "up"))
    if "stopped" in habits:
        os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        if "talks" in habits:
            os.write(1, b"x" * 79 + b"\n")
        else:
            time.sleep(1000)


def leave():
    if kind == "stay":
        stay()
    if os.fork():
        return
    if kind in ("session", "daemon", "bare"):
        os.setsid()
    if kind in ("daemon", "bare") and os.fork():
        os._exit(0)
    if kind == "bare":
        words = [sys.executable, "-S", "-E", __file__, "stay", mark, folder, *habits]
        os.execve(sys.executable, words, {})
    stay()


if kind == "hops":
    while True:
        if os.fork():
            os._exit(0)
        os.setsid()
        time.sleep(0.001)
if kind == "child":
    if "ends" not in habits and "fails" not in habits:
        stay()
    sys.exit(3 if "fails" in habits else 0)
if "deaf" in habits:
    deafen()
leave()
while not os.path.exists(os.path.join(folder, "up")):
    time.sleep(0.01)
if "ends" in habits:
    sys.exit(0)
if "fails" in habits:
    sys.exit(3)
if "deaf" not in habits:
    os.write(1, b"up\n")
while True:
    time.sleep(1000)
