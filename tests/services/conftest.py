"""Real services on this machine: Slurm from Debian's packages, and Chromium."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import unavailable

SLURM_CONF = """
ClusterName=evenfold
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MinJobAge=3600
GresTypes=gpu
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SlurmctldPort=16817
SlurmdPort=16818
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=64000 Gres=gpu:2
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""

#: A user's own profile: this Slurm has no accounting, and its jobs take seconds.
SITE = """
slurm-status-command: squeue
slurm-init-seconds-before-status-checks: 8
"""


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Environment of a one-node Slurm with two GPU slots that no code can use.

    The node says that it is as large as nodes of clusters are, whatever this machine is.
    What a site without accounting asks of its users is in a profile of their own.
    """
    for program in ("slurmctld", "slurmd", "munged", "sbatch"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin") is None:
            unavailable(f"{program} (Debian: slurm-wlm, munge)")
    if os.geteuid() != 0:
        unavailable("root, which starting Slurm's daemons needs,")
    folder = tmp_path_factory.mktemp("slurm")
    folder.chmod(0o755)
    parent = folder.parent
    while parent != parent.parent:
        parent.chmod(parent.stat().st_mode | 0o055)
        parent = parent.parent
        if str(parent) == "/tmp":
            break
    for name in ("spool", "state"):
        (folder / name).mkdir()
    host = os.uname().nodename
    (folder / "slurm.conf").write_text(SLURM_CONF.format(folder=folder, host=host))
    (folder / "gres.conf").write_text(
        f"NodeName={host} Name=gpu File=/dev/null\n"
        f"NodeName={host} Name=gpu File=/dev/zero\n"
    )
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    # A job's srun looks at the standard place: the plugin hands no SLURM_* variable on.
    standard = Path("/etc/slurm")
    standard.mkdir(exist_ok=True)
    links = [standard / n for n in ("slurm.conf", "gres.conf", "cgroup.conf")]
    for link in links:
        if link.exists() and not link.is_symlink():
            unavailable(f"a machine without a Slurm of its own ({link})")
        link.unlink(missing_ok=True)
        link.symlink_to(folder / link.name)
    site = folder / "site"
    site.mkdir()
    (site / "config.yaml").write_text(SITE)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    processes = []

    def start(*command):
        with open(folder / f"{command[0]}.out", "w") as log:
            processes.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))

    start(
        "munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
        f"--key-file={key}", f"--pid-file={folder}/munged.pid",
        f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed",
    )  # fmt: skip
    time.sleep(1)
    start("slurmctld", "-D")
    time.sleep(1)
    start("slurmd", "-D", "-N", host)
    try:
        state = "nothing"
        for _ in range(60):
            if any(process.poll() is not None for process in processes):
                break  # `sinfo` would wait minutes for it.
            state = subprocess.run(
                ["sinfo", "-h", "-o", "%T"], env=env, capture_output=True, text=True
            ).stdout.strip()
            if state == "idle":
                break
            time.sleep(0.5)
        if state != "idle":
            logs = "\n".join(
                path.read_text()[-1500:] for path in folder.glob("*.[lo][ou][gt]")
            )
            pytest.fail(f"Slurm did not come up: {state!r}\n{logs}")
        yield {"PATH": env["PATH"], "SNAKEMAKE_PROFILE": str(site)}
    finally:
        for link in links:
            link.unlink(missing_ok=True)
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Headless Chromium driven over WebDriver."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            unavailable(f"{program} (Debian: chromium, chromium-driver)")
    try:
        from selenium import webdriver
    except ImportError:
        unavailable("selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-sync",
        "--disable-component-update", "--window-size=1400,1000",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):  # fmt: skip
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()
