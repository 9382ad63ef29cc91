#!/usr/bin/env bash
# Installs the service in a session of systemd that is nobody's, and treats it as its user would. Runs as root in
# namespaces of its own (unshare --mount --pid): PROGRAM, PORT of the content plane, a FILE inside a RAR archive to be
# read by its address, and its SHA-256.
set -euo pipefail
program=$1 port=$2 file=$3 digest=$4

step() { echo "==> $*"; }
fail() {
    echo "failed: $*"
    systemctl --user status universal-p2p || true
    exit 1
}
soon() {
    local _
    for _ in {1..300}; do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    fail "never came true: $*"
}

# What a machine has that was started by systemd; nothing of it is seen from outside.
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
# for root it takes these from the manager of the machine, which is not there
ln -s /run/session/systemd/inaccessible /run/systemd/inaccessible
mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
group=/sys/fs/cgroup/universal-p2p-test-$port
mkdir "$group"
leave() {
    systemctl --user exit 2>/dev/null || true
    echo $$ >/sys/fs/cgroup/cgroup.procs
    for _ in {1..100}; do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -e "$group" ] || break
        sleep 0.1
    done
}
trap leave EXIT
echo $$ >"$group/cgroup.procs"

# A home that is not below /tmp, which the service has for itself.
mount -t tmpfs tmpfs /mnt
export HOME="/mnt/a user" XDG_RUNTIME_DIR=/run/session
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME DBUS_SESSION_BUS_ADDRESS
mkdir -p "$HOME/.config/universal-p2p"
mkdir -m 700 $XDG_RUNTIME_DIR
touch /mnt/universal-p2p
mount --bind "$program" /mnt/universal-p2p
cat >"$HOME/.config/universal-p2p/config.toml" <<END
network.scope = "loopback"
listen.content = "127.0.0.1:$port"
listen.management = "127.0.0.1:$((port + 1))"
disk.keep_free = "0"
END
/lib/systemd/systemd --user >/dev/null 2>&1 &
soon systemctl --user show-environment

agent() { /mnt/universal-p2p "$@"; }
property() { systemctl --user show universal-p2p.service --value --property "$1"; }
answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/nothing")" = 404 ]; }

step 'nothing is installed'
! said=$(agent service status 2>&1) || fail "$said"
[[ $said == *'service install'* ]] || fail "$said"

step 'it is installed, and ready when that has ended'
agent service install || fail install
answers || fail 'it does not answer'
[ "$(agent service status)" = running ] || fail status
[ "$(property Type)" = notify ] || fail type
[[ $(property StatusText) == *":$port" ]] || fail "$(property StatusText)"
agent status | grep -q 'universal-p2p' || fail 'the command line does not find it'

step 'it writes nowhere else'
main=$(property MainPID)
for place in "$HOME" /mnt /etc; do
    ! nsenter --target "$main" --mount --user sh -c 'touch "$1/written"' sh "$place" 2>/dev/null || fail "$place"
done
for place in "$HOME/.local/share/universal-p2p" "$HOME/.config/universal-p2p"; do
    nsenter --target "$main" --mount --user sh -c 'touch "$1/written" && rm "$1/written"' sh "$place" || fail "$place"
done
grep -q 'NoNewPrivs:.*1' "/proc/$main/status" || fail privileges

step 'what unpacks RAR starts in there'
[ "$(curl -sS "http://127.0.0.1:$port$file" | sha256sum | cut -d' ' -f1)" = "$digest" ] || fail 'wrong bytes'

step 'it comes back when it dies'
kill -KILL "$main"
again() { [ "$(property MainPID)" != "$main" ] && [ "$(property MainPID)" != 0 ] && answers; }
soon again

step 'it is installed anew, and removed'
agent service install || fail 'install again'
answers || fail 'it does not answer'
agent service uninstall || fail uninstall
! answers || fail 'it still answers'
[ -z "$(find "$HOME/.config/systemd" -name 'universal-p2p*')" ] || fail 'something stays behind'
[ -d "$HOME/.local/share/universal-p2p" ] || fail 'data went with it'
agent service uninstall | grep -q 'no service' || fail 'uninstall again'

step 'it starts with the first request'
agent service install --on-demand || fail 'on demand'
[[ $(agent service status) == waiting* ]] || fail "$(agent service status)"
[ "$(property MainPID)" = 0 ] || fail 'it runs'
answers || fail 'it does not start'
[ "$(agent service status)" = running ] || fail status

step 'nobody is refused while it restarts'
(
    for _ in {1..40}; do
        answers || echo refused
        sleep 0.05
    done
) >/run/answers &
asking=$!
systemctl --user restart universal-p2p || fail restart
wait $asking
[ ! -s /run/answers ] || fail "$(wc -l </run/answers) were refused"
agent service uninstall || fail uninstall
! answers || fail 'somebody listens'

step 'the service of the machine does its work as confined as it is, but for the user of its own'
units=$(dirname "$(readlink -f "$0")")/../../config/systemd/system
sed -e "s#^ExecStart=/usr/bin/#ExecStart=/mnt/#; s#^Environment=XDG_CONFIG_HOME=.*#Environment='XDG_CONFIG_HOME=$HOME/.config'#" \
    -e '/^DynamicUser=/d; /^Wants=/d; /^After=/d' \
    "$units/universal-p2p.service" >"$HOME/.config/systemd/user/universal-p2p.service"
systemctl --user daemon-reload
systemctl --user start universal-p2p || fail 'start'
answers || fail 'it does not answer'
[ "$(curl -sS "http://127.0.0.1:$port$file" | sha256sum | cut -d' ' -f1)" = "$digest" ] || fail 'wrong bytes'
grep -q 'CapBnd:.*0000000000000000' "/proc/$(property MainPID)/status" || fail 'it may do more than it needs'
systemctl --user stop universal-p2p || fail 'stop'
[ "$(property Result)" = success ] || fail "$(property Result)"
rm "$HOME/.config/systemd/user/universal-p2p.service"
systemctl --user daemon-reload

step 'a mistake in the configuration is told at once'
echo 'nonsense = 1' >>"$HOME/.config/universal-p2p/config.toml"
! said=$(agent service install 2>&1) || fail "$said"
[[ $said == *nonsense* ]] || fail "$said"
step 'done'
