"""Workers in networks of their own: each has two cables to where the coordinator and the lab are.

    here: hark-lab (HOSTS), the coordinator (ADDRESS)
      |-- control<i>  172.30.i.0/30 --> the coordinator; this one is cut, reset and dropped
      `-- outward<i>  172.31.i.0/30 --> the hosts; this one stays whole, or a survey would rightly differ

Everything is inside the namespace of harness.enter_namespace(mounts=True) and ends with it.
"""

import ipaddress
import json
import subprocess

HOSTS = "10.0.0.0/8"
ADDRESS = "172.29.0.1"
PORT = 7170
ENDPOINT = f"tcp://{ADDRESS}:{PORT}"


def say(program, text):
    subprocess.run([program, *(["-f", "-"] if program == "nft" else ["-batch", "-"])], input=text,
                   text=True, check=True)


def hosts_elsewhere(scenario, number):
    """The lines of a generated scenario, moved from loopback to where other networks can reach it: each number
    has 64 of the 256 networks 10.x.0.0/16."""
    out = []
    for line in scenario.splitlines():
        words = line.split(" ")
        if words[0] in ("prefix", "host"):
            _, second, rest = words[1].split(".", 2)
            assert int(second) < 64, "more prefixes than have room"
            words[1] = f"10.{int(second) + 64 * number}.{rest}"
        if number == 0 or words[0] not in ("run", "country"):
            out.append(" ".join(words))
    return out


def make(workers):
    """Networks w1 … wN, and the table that counts and cuts."""
    subprocess.run("mount -t tmpfs none /run && mkdir -p /run/netns", shell=True, check=True)
    lines = [f"addr add {ADDRESS}/32 dev lo"]
    for i in range(1, workers + 1):
        subprocess.run(["ip", "netns", "add", f"w{i}"], check=True)
        for name, net in (("control", 30), ("outward", 31)):
            lines += [f"link add {name}{i} type veth peer name {name} netns w{i}",
                      f"addr add 172.{net}.{i}.1/30 dev {name}{i}", f"link set {name}{i} up"]
    say("ip", "\n".join(lines) + "\n")
    for i in range(1, workers + 1):
        subprocess.run(["ip", "-n", f"w{i}", "-batch", "-"], check=True, text=True, input=f"""
link set lo up
addr add 172.30.{i}.2/30 dev control
addr add 172.31.{i}.2/30 dev outward
link set control up
link set outward up
route add {ADDRESS}/32 via 172.30.{i}.1
route add {HOSTS} via 172.31.{i}.1
""")
    # One entry a connection, not a packet: what is sent again for want of an answer is one attempt.
    say("nft", """table inet chaos {
  set cut { type ifname; }
  set attempts {
    typeof ip saddr . tcp sport . ip daddr . tcp dport; flags dynamic; size 2000000;
  }
  chain before {
    type filter hook prerouting priority -310;
    iifname @cut drop
    iifname "outward*" tcp flags & (syn|ack) == syn add @attempts { ip saddr . tcp sport . ip daddr . tcp dport }
  }
  chain after {
    type filter hook output priority 0;
    oifname @cut drop
  }
}
""")


def inside(worker, command):
    return ["nsenter", f"--net=/run/netns/w{worker}", *map(str, command)]


def drop(worker, begin):
    """Every packet between this worker and the coordinator vanishes; nobody is told."""
    say("nft", f"{'add' if begin else 'delete'} element inet chaos cut {{ control{worker} }}\n")


def unplug(worker, begin):
    say("ip", f"link set control{worker} {'down' if begin else 'up'}\n")


def reset(worker):
    """RST to both ends of this worker's connections; how many there were."""
    done = subprocess.run(["ss", "-K", "-H", "-t", "-n", "state", "established", "sport", "=", f":{PORT}",
                           "dst", f"172.30.{worker}.2"], capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


def forget_attempts():
    say("nft", "flush set inet chaos attempts\n")


def attempts():
    """{(address, port): connections begun to it}"""
    shown = subprocess.run(["nft", "-j", "list", "set", "inet", "chaos", "attempts"],
                           capture_output=True, text=True, check=True).stdout
    counts = {}
    for entry in json.loads(shown)["nftables"]:
        for element in entry.get("set", {}).get("elem", []):
            target = tuple(element["concat"][2:])
            counts[target] = counts.get(target, 0) + 1
    return counts


def probed_more(usual, counts):
    """Addresses contacted more often than in the undisturbed run, on any port."""
    return {address for (address, port), n in counts.items() if n > usual.get((address, port), 0)}


def planned(targets):
    return sum(ipaddress.ip_network(line).num_addresses for line in targets.read_text().split())
