# dock.bash: a Docker daemon on the stage; sourced after `raise`.
#
# bivy, runc and crun are its runtimes under-bivy, under-runc and under-crun; the default is the one under test, bivy by the
# name and file of spec/engines.  BuildKit takes `runc` from PATH whatever is configured, so a script of that name stands there
# that calls what the file `builder` names.
need dockerd docker containerd containerd-shim-runc-v2 jq busybox ip iptables

mkdir -p $STAGE/first
printf '#!/bin/sh\nexec "%s/bin/$(cat %s/builder)" "$@"\n' $STAGE $STAGE >$STAGE/first/runc
chmod +x $STAGE/first/runc
echo "$RUNTIME" >$STAGE/builder
export PATH=$STAGE/first:$PATH DOCKER_HOST=unix:///run/d.sock DOCKER_CONFIG=$STAGE/client

# What spec/engines has for a user, with what keeps the daemon to the stage.
[ "$RUNTIME" = bivy ] && DEFAULT_RUNTIME=bivy || DEFAULT_RUNTIME=under-$RUNTIME
sed "s|/usr/local/bin/bivy|$STAGE/bin/bivy|" "$here/../../spec/engines/daemon.json" | jq -s '.[0] * .[1]' - <(
	cat <<-END
		{
			"data-root": "$STAGE/root", "exec-root": "/run/docker-stage", "pidfile": "/run/d.pid", "hosts": ["$DOCKER_HOST"],
			"storage-driver": "overlay2", "shutdown-timeout": 3, "default-runtime": "$DEFAULT_RUNTIME",
			"runtimes": {
				"under-bivy": { "path": "$STAGE/bin/bivy" },
				"under-runc": { "path": "$STAGE/bin/runc" },
				"under-crun": { "path": "$STAGE/bin/crun" }
			}
		}
	END
) >daemon.json

ENGINE_PROCESSES='dockerd|docker|docker-proxy|containerd|containerd-shim|exe|runc'
ENGINE_GROUPS='/docker$'
STATES=(/run/docker-stage/runtime-runc/moby)

d() { docker "$@"; }
# run OPTION... -- PROGRAM...: one that is removed when it ends
run() {
	local -a options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	docker run --runtime "under-$RUNTIME" --rm "${options[@]}" localhost/bb "$@"
}
# keep NAME OPTION... -- PROGRAM...: one that stays, in the background
keep() {
	local -a options=(--name "$1")
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	docker run --runtime "under-$RUNTIME" -d "${options[@]}" localhost/bb "$@"
}
gone() { docker rm --force "$@"; }
inspect() { docker inspect --format "{{$2}}" "$1"; }
state_is() { [ "$(inspect "$1" .State.Status)" = "$2" ]; }
has_said() { docker logs "$1" 2>&1 | grep -q "$2"; }
wipe() {
	local id
	for id in $(docker ps -aq); do
		docker rm --force "$id"
	done
} >/dev/null 2>&1

dock() {
	tmp_over /etc/docker
	image bb
	dockerd --config-file $STAGE/daemon.json >$STAGE/dockerd.log 2>&1 &
	wait_for docker version >/dev/null 2>&1 || skip_all "dockerd does not start here: $(tail -n 1 $STAGE/dockerd.log)"
	docker load --quiet --input $STAGE/bb.tar >/dev/null 2>$STAGE/load.err ||
		skip_all "docker cannot load an image here: $(tail -n 1 $STAGE/load.err)"
	mkdir -p $STAGE/shared
	docker run --rm --runtime "under-$RUNTIME" --network host localhost/bb true \
		>/dev/null 2>&1 # the daemon's netns/default is there now
	survey >$STAGE/before
}
