"""A coordinator and workers as processes that can be hurt one by one, and come back."""

import json
import os
import re
import signal
import subprocess
import time

import harness
import network

DISK_MB = 32  # the coordinator's: enough for a run, and soon filled by a test
LEASE = 5  # seconds; --lease_seconds
INTERRUPTED = 130
DISK_FULL = 1
FLAGS = (f"--allow_special={network.HOSTS},{harness.LOOPBACK}",
         "--greeting_timeout_ms=40000", "--conversation_timeout_ms=60000")
# To wait for a connection or the answer to a SYN. By SYN it is what a killed worker redoes the sending of.
CONNECT_MS = {"connect": 3000, "syn": 1000}


def mount(directory, megabytes):
    directory.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", directory], check=True)
    return directory


class Process:
    """Started over and over by the same command; what it says is appended to one file."""

    def __init__(self, name, command, log):
        self.name, self.command, self.log = name, command, log
        self.process = None
        self.starts = 0
        self.killed = 0

    def start(self):
        with open(self.log, "a") as log:
            self.process = harness.start(self.command, stdout=log, stderr=log)
        self.starts += 1

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.killed += 1

    def said(self):
        return self.log.read_text() if self.log.exists() else ""


class Fleet:
    """`count` workers with networks and disks of their own, enrolled by invitation, and the runs they are for."""

    def __init__(self, directory, lab, count, countries=("XX",), rate=2000, lease=LEASE, disks=True, flags=(),
                 serve=False, worker_flags=(), discover="connect"):
        """serve: all runs at once by one coordinator that stays; else a scan for each, one after the other."""
        self.directory, self.lab, self.countries, self.serve = directory, lab, countries, serve
        self.service = (f"--rate={rate}", f"--lease_seconds={lease}", f"--listen={network.ENDPOINT}", "--workers=0")
        self.plan = (f"--geo={lab.geo}", "--concurrency=500", "--pause_min_ms=0", "--pause_max_ms=0",
                     "--throttle_retries=1", "--throttle_backoff_ms=1000", "--recheck=0",
                     "--canary_ports=0", f"--connect_timeout_ms={CONNECT_MS[discover]}", *FLAGS, *flags)
        directory.mkdir()
        self.disk = mount(directory / "disk", DISK_MB) if disks else directory
        self.mounts = [self.disk] if disks else []
        self.db = self.disk / "db"
        self.open_runs = list(countries)
        self.coordinator = Process("coordinator", None, directory / "coordinator.log")
        self.workers = {}
        for i in range(1, count + 1):
            state = directory / f"w{i}.state"
            if disks:
                self.mounts.append(mount(state, 16))
            command = [harness.BIN / "hark-worker", f"--state_dir={state}", f"--name=w{i}",
                       f"--discover={discover}", *worker_flags]
            self.workers[i] = Process(f"w{i}", network.inside(i, command), directory / f"w{i}.log")
            self.workers[i].state = state

    def start_survey(self):
        """Starts what is left of the survey: the same command as before goes on where that one stopped."""
        if self.serve:
            words = ["serve", f"--geo={self.lab.geo}"]
        else:
            run = self.open_runs[0]
            words = ["scan", f"--run={run}", f"--country={run}", "--no_report", "--quiet", *self.plan]
        self.coordinator.command = [harness.BIN / "hark", *words, f"--db={self.db}", *self.service]
        self.coordinator.start()

    def plan_runs(self):
        """For hark serve: one run for each country, under the country's name."""
        for country in self.countries:
            done = harness.run([harness.BIN / "hark", "run", "create", f"--db={self.db}", f"--run={country}",
                                f"--country={country}", *self.plan])
            assert done.returncode == 0, done.stderr

    def survey_is_over(self):
        """Called when the coordinator has ended with 0: true when there is nothing left to start."""
        if self.serve:
            return not self.open_runs
        self.open_runs.pop(0)
        if self.open_runs:
            self.start_survey()
        return not self.open_runs

    def end_when_done(self):
        """hark serve stays: it is ended when no run is open any more."""
        if not self.serve or not self.open_runs or not self.coordinator.alive():
            return
        done = harness.run([harness.BIN / "hark", "run", "status", f"--db={self.db}", "--format=json"])
        if done.returncode == 0 and json.loads(done.stdout)["runs"] == []:
            self.open_runs.clear()
            self.coordinator.signal(signal.SIGTERM)

    def fleet(self, *words):
        done = harness.run([harness.BIN / "hark", "fleet", *words, f"--db={self.db}"])
        assert done.returncode == 0, f"hark fleet {words}: {done.stderr}"
        return done.stdout.strip()

    def start(self):
        """The coordinator and every worker, each invited; comes back when all have joined."""
        self.fleet("keygen")
        if self.serve:
            self.plan_runs()
        self.start_survey()
        for i, worker in self.workers.items():
            token = self.directory / f"w{i}.token"
            token.touch(mode=0o600)
            token.write_text(self.fleet("invite", f"--endpoint={network.ENDPOINT}", f"--name=w{i}"))
            worker.command.append(f"--join_file={token}")
            worker.start()
            worker.command.pop()  # from now on it has an identity
        harness.wait_for("every worker to join", lambda: all(
            self.listed().get(worker.name, {}).get("connected") for worker in self.workers.values()))

    def listed(self):
        return {row["name"]: row for row in json.loads(self.fleet("list", "--format=json"))["workers"]}

    def finish(self):
        """After the run: workers leave in good order."""
        for worker in self.workers.values():
            worker.signal(signal.SIGCONT)
            worker.signal(signal.SIGTERM)
        for worker in self.workers.values():
            code = worker.process.wait(timeout=60 * harness.PATIENCE)
            # -SIGTERM: started a moment ago and not yet ready to hear it.
            ended_well = code in (0, -signal.SIGKILL, -signal.SIGTERM)
            assert ended_well, f"{worker.name} ended with {code}:\n{worker.said()[-2000:]}"

    def results(self):
        """{country: (report without times, clusters)}"""
        return {run: (harness.without_times(harness.report(self.db, run)), harness.clusters(self.db, run))
                for run in self.countries}

    def remove(self):
        for process in (self.coordinator, *self.workers.values()):
            if process.alive():
                process.kill()
        for path in reversed(self.mounts):
            subprocess.run(["umount", path], check=True)


def fill(disk):
    """Takes every byte that is left of a small disk."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
        try:
            while True:
                file.write(b"\0")
        except OSError:
            pass
    return filler


def lab_of(directory, countries, seed=3):
    """Random countries, {name: (hosts, addresses)}, four at most, whose hosts other networks can reach.

    Without hosts that only waste time: where no host is slow a busy machine may be, within patient time-outs,
    and the survey stays the same to the byte.
    """
    keys = os.environ.get("HARK_LAB_KEYS", directory / "keys")
    lines = []
    for number, (country, (hosts, addresses)) in enumerate(countries.items()):
        raw = directory / f"{country}.scenario"
        done = harness.run([harness.BIN / "hark-lab", f"--hosts={hosts}", f"--addresses={addresses}",
                            f"--seed={seed + number}", f"--country={country}", "--noserve",
                            f"--write_scenario={raw}", f"--key_cache={keys}"])
        assert done.returncode == 0, done.stderr
        text = re.sub(r"behaviour=(tarpit|accept-then-silent)\b", "behaviour=close-after-accept", raw.read_text())
        lines += network.hosts_elsewhere(text, number)
    scenario = directory / "lab.scenario"
    scenario.write_text("\n".join(lines) + "\n")
    return harness.Lab(directory, f"--scenario={scenario}")


def undisturbed(directory, lab, workers, **options):
    fleet = Fleet(directory, lab, workers, **options)
    network.forget_attempts()
    began = time.monotonic()
    fleet.start()
    over = False
    while not over:
        fleet.end_when_done()
        try:
            code = fleet.coordinator.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            assert time.monotonic() - began < 300 * harness.PATIENCE, "the survey does not end"
            continue
        assert code == 0, f"the coordinator ended with {code}:\n{fleet.coordinator.said()[-2000:]}"
        over = fleet.survey_is_over()
    fleet.seconds = time.monotonic() - began
    fleet.finish()
    return fleet


def compare(wanted, have, what):
    for run, (report, clusters) in wanted.items():
        one, other = json.loads(report), json.loads(have[run][0])
        wrong = harness.differences(one, other) + harness.differences(other, one, "backwards: ")
        assert report == have[run][0], f"{what}\nthe report of {run} differs:\n" + "\n".join(wrong)[:3000]
        assert clusters == have[run][1], f"{what}\nthe clusters of {run} differ"
