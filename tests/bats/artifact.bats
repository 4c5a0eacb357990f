#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031  # programs in quotes; each test changes its own variables
# Artifacts: what lands, where, whose it is; and that of what is wrong nothing lands, with one line that says why.  The servers are
# artifact-server.py's.

load helpers

setup_file() {
	local files=$BATS_FILE_TMPDIR/files server=$BATS_TEST_DIRNAME/artifact-server.py
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" # who fetches is nobody
	export FILES=$files PIDS=$BATS_FILE_TMPDIR/pids PORT TLS CA=$BATS_FILE_TMPDIR/ca.pem
	"$server" make "$files"
	certificates
	PORT=$(started "$server" "$files")
	TLS=$(started "$server" "$files" "$BATS_FILE_TMPDIR/server.pem")
}

# Prints the port of a server in the background.
started() {
	local out=$BATS_FILE_TMPDIR/port.$SRANDOM
	"$1" serve "${@:2}" >"$out" 2>/dev/null 3>&- 4>&- &
	echo $! >>"$PIDS"
	wait_for test -s "$out"
	cat "$out"
}

# An authority of the test's own, and what it signed for this host.
certificates() {
	cd "$BATS_FILE_TMPDIR" || return
	{
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test CA" -keyout ca.key -out ca.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=127.0.0.1" -keyout server.key -out server.csr
		openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.crt \
			-extfile <(echo "subjectAltName=IP:127.0.0.1")
	} 2>/dev/null
	cat server.key server.crt >server.pem
}

teardown_file() {
	local pid
	while read -r pid; do
		kill "$pid" 2>/dev/null || true
	done <"$PIDS"
}

setup() {
	need_root
	mkdir -p "$BIVY_ROOT"
	cd "$BATS_TEST_TMPDIR" || return
	chmod 711 "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	DIR=$BATS_TEST_TMPDIR/job LOCAL=$BATS_TEST_TMPDIR/job/task/local AT=http://127.0.0.1:$PORT
	agent 'http_read_timeout = "10s"'
}

agent() {
	printf 'client { artifact { %s } }\nplugin "raw_exec" { config { enabled = true } }\n' "$1" >node.hcl
}

# fetch SOURCE [LINE...]: $DIR made from a job whose artifact has that source, and those lines.
fetch() {
	job "$@"
	run --separate-stderr bivy bundle --client node.hcl job.hcl "$DIR"
}

job() {
	{
		echo "task \"t\" { driver = \"${DRIVER-exec}\""
		echo "config { command = \"${COMMAND-/bin/true}\" }"
		echo "artifact { source = \"$1\""
		printf '%s\n' "${@:2}" '}' '}'
	} >job.hcl
}

good() {
	fetch "$@"
	assert_ok && { [ -z "$stderr" ] || tell "something on stderr"; }
}

# bad PATTERN SOURCE [LINE...]
bad() {
	fetch "${@:2}"
	assert_fails 1 "^bivy: job.hcl:[0-9]+,[0-9]+: artifact .*$1" && nothing
}

# And nothing at all is there, not even the directories on the way.
nothing() {
	[ ! -e "$DIR" ] || tell "left: $(find "$DIR")" || return
	[ ! -e /tmp/bivy-hostile ] || tell "something was written outside" || return
	[ ! -e "$BATS_TEST_TMPDIR/bivy-hostile" ] || tell "something was written outside"
}

checksum() {
	echo "options { checksum = \"$1:$("${1}sum" "$FILES/$2" | cut -d' ' -f1)\" }"
}

requests() {
	grep -c "^$1" "$FILES.requests"
}

# --- what lands ---

@test "a plain file goes to local/ by its name, is the user's, and may be run" {
	COMMAND=local/tool good "$AT/files/tool"
	cmp "$FILES/tool" "$LOCAL/tool"
	assert_equal "$(stat -c '%U %a' "$LOCAL/tool")" "nobody 755"
	assert_equal "$(jq -r '.process.args[0]' "$DIR/config.json")" /local/tool
	assert_equal "$(ls -A "$DIR")" $'alloc\nconfig.json\ntask'
}

@test "each kind of archive is unpacked" {
	local kind
	for kind in tar tar.gz tgz tar.bz2 tar.xz tar.zst zip; do
		DIR=$BATS_TEST_TMPDIR/$kind LOCAL=$BATS_TEST_TMPDIR/$kind/task/local
		COMMAND=local/bin/tool good "$AT/files/a.$kind" || return
		assert_equal "$(cat "$LOCAL/lib/deep/words" "$LOCAL/bin/tool")" $'words\n#!/bin/sh\necho tool' || return
		assert_equal "$(stat -c '%U %a' "$LOCAL/bin/tool")" "nobody 755" || return
	done
	assert_equal "$(stat -c %i tar/task/local/bin/same)" "$(stat -c %i tar/task/local/bin/tool)"
	assert_equal "$(readlink tar/task/local/lib/link) $(stat -c %s tar/task/local/empty)" "../bin/tool 0"
	assert_equal "$(find . -perm /6000)" ""
}

@test "one compressed file is unpacked" {
	local kind
	for kind in gz bz2 xz; do
		DIR=$BATS_TEST_TMPDIR/$kind
		good "$AT/files/one.$kind" && cmp "$FILES/body" "$DIR/task/local/one" || return
	done
}

@test "archive: false keeps it, a word says what it is, filename names it" {
	good "$AT/files/a.tar.gz" 'options { archive = false }'
	cmp "$FILES/a.tar.gz" "$LOCAL/a.tar.gz"
	DIR=$BATS_TEST_TMPDIR/two
	good "$AT/files/a.tar.gz?archive=false&filename=other" 
	cmp "$FILES/a.tar.gz" "$DIR/task/local/other"
	ln "$FILES/a.tar.gz" "$FILES/unnamed"
	DIR=$BATS_TEST_TMPDIR/three
	good "$AT/files/unnamed" 'options { archive = "tar.gz" }'
	[ -x "$DIR/task/local/bin/tool" ]
	rm "$FILES/unnamed"
}

@test "mode file: one file, at the destination" {
	good "$AT/files/body" 'mode = "file"' 'destination = "local/etc/renamed"'
	cmp "$FILES/body" "$LOCAL/etc/renamed"
	assert_equal "$(stat -c '%U' "$LOCAL/etc")" nobody
	DIR=$BATS_TEST_TMPDIR/two
	good "$AT/files/one.tar.gz" 'mode = "file"' 'destination = "local/renamed"'
	assert_equal "$(cat "$DIR/task/local/renamed")" words
	DIR=$BATS_TEST_TMPDIR/three
	bad 'holds more than one file' "$AT/files/two.tar.gz" 'mode = "file"'
	good "$AT/files/body" 'mode = "file"'
	cmp "$FILES/body" "$DIR/task/local/body"
}

@test "mode dir: archives only" {
	good "$AT/files/a.zip" 'mode = "dir"' 'destination = "local/here"'
	[ -x "$LOCAL/here/bin/tool" ]
	DIR=$BATS_TEST_TMPDIR/two
	bad 'body is no archive by its name' "$AT/files/body" 'mode = "dir"'
}

@test "destinations: absolute, shared, with references, in secrets" {
	COMMAND=/opt/tool/bin/tool good "$AT/files/a.zip" 'destination = "/opt/tool"'
	[ -x "$DIR/task/opt/tool/bin/tool" ]
	DIR=$BATS_TEST_TMPDIR/two
	good "$AT/files/body" 'destination = "../alloc/data/x"'
	cmp "$FILES/body" "$DIR/alloc/data/x/body"
	DIR=$BATS_TEST_TMPDIR/three
	good "$AT/files/body" 'destination = "${NOMAD_ALLOC_DIR}/x"'
	cmp "$FILES/body" "$DIR/alloc/x/body"
	DIR=$BATS_TEST_TMPDIR/four
	good "$AT/files/body" 'destination = "${NOMAD_TASK_DIR}/${NOMAD_TASK_NAME}"'
	cmp "$FILES/body" "$DIR/task/local/t/body"
	DIR=$BATS_TEST_TMPDIR/five
	good "$AT/files/body" 'destination = "secrets"'
	jq -e '.mounts[] | select(.destination == "/secrets").options | index("tmpcopyup")' "$DIR/config.json"
}

@test "destinations that are none" {
	bad 'leaves the' "$AT/files/body" 'destination = "../../etc"'
	bad 'leaves the' "$AT/files/body" 'destination = "../other"'
	bad 'leaves the' "$AT/files/body" 'destination = "../task/local"'
	bad 'leaves the' "$AT/files/body" 'destination = "../alloc/../.."'
	bad 'leaves the' "$AT/files/body" 'destination = "${meta.up}..${NOMAD_META_none}/${NOMAD_TASK_NAME}/../../.."'
	bad "directory of the host's" "$AT/files/body" 'destination = "/usr/share"'
	bad "or the kernel's" "$AT/files/body" 'destination = "/proc"'
}

@test "raw_exec: its paths are the host's, and root's files are root's, fetched by nobody" {
	DRIVER=raw_exec COMMAND=local/bin/tool good "$AT/files/a.tar" 'destination = "${NOMAD_TASK_DIR}"'
	assert_equal "$(find "$LOCAL" ! -user root)" ""
	assert_equal "$(stat -c '%a %h' "$LOCAL/bin/same")" "755 2"
	assert_equal "$(jq -r '.process.args[0]' "$DIR/config.json")" "$LOCAL/bin/tool"
}

@test "several: directories are added to, files replaced" {
	cat >job.hcl <<-EOF
		task "t" {
		  driver = "exec"
		  config { command = "local/bin/more" }
		  artifact { source = "$AT/files/a.tar" }
		  artifact { source = "$AT/files/more.tar" }
		}
	EOF
	assert_ok bivy bundle job.hcl "$DIR"
	assert_equal "$(cd "$LOCAL/bin" && echo *) $(cat "$LOCAL/lib/deep/words")" "more same tool others"
	sed -i s/more.tar/clash.tar/ job.hcl
	rm -r "$DIR"
	assert_fails 1 'is there already, and is a directory' bivy bundle job.hcl "$DIR"
	nothing
}

@test "a name twice, a name with a new line: inside" {
	good "$AT/files/twice.tar"
	assert_equal "$(cat "$LOCAL/name")" second
	DIR=$BATS_TEST_TMPDIR/two
	good "$AT/files/newline.tar"
	[ -f "$DIR/task/local/first"$'\n'second ]
}

@test "a directory inside an archive" {
	good "$AT/files/a.tar.gz//lib/deep"
	assert_equal "$(ls -A "$LOCAL")" words
	DIR=$BATS_TEST_TMPDIR/three
	bad 'has no directory none' "$AT/files/a.tar.gz//none"
	bad 'leaves the archive' "$AT/files/a.tar.gz//lib/../.."
}

@test "up: fetched, run, and gone" {
	COMMAND=local/tool job "$AT/files/tool"
	run --separate-stderr bivy up --quiet --id "$(new_id)" job.hcl
	assert_equal "$status $output" "0 fetched"
}

@test "a terminal is shown how far it is, nothing else is" {
	local words
	good "$AT/files/body"
	words=$(script -qec "$BIVY bundle --force job.hcl $DIR" /dev/null)
	[[ $words == *$'\r\e[K'"body ["*"] "*B*"/s"*$'\r\e[K'* ]]
	COMMAND=local/tool job "$AT/files/tool"
	words=$(script -qec "$BIVY --root $BIVY_ROOT up --quiet --id $(new_id) job.hcl" /dev/null)
	assert_equal "$words" $'fetched\r'
}

@test "whoever is not root fetches as himself" {
	local mine=$BATS_TEST_TMPDIR/mine
	install -d -o nobody "$mine"
	DRIVER=raw_exec COMMAND=local/bin/tool job "$AT/files/a.tar"
	chmod 755 job.hcl node.hcl
	assert_ok setpriv --reuid=nobody --clear-groups "$BIVY" --root "$mine/root" bundle --client node.hcl job.hcl "$mine/job"
	assert_equal "$(find "$mine/job/task/local" ! -user nobody) $(ls -A "$mine/job")" $' alloc\nconfig.json\ntask'
}

# --- checksums ---

@test "each kind of checksum, right and wrong" {
	local kind
	for kind in md5 sha1 sha256 sha512; do
		DIR=$BATS_TEST_TMPDIR/$kind
		good "$AT/files/body" "$(checksum $kind body)" && cmp "$FILES/body" "$DIR/task/local/body" || return
		DIR=$BATS_TEST_TMPDIR/none
		bad "its $kind checksum is [0-9a-f]+, not [0-9a-f]+;" "$AT/files/body" "$(checksum $kind tool)" || return
		bad "its $kind checksum" "$AT/files/a.tar.gz" "$(checksum $kind tool)" || return
	done
	DIR=$BATS_TEST_TMPDIR/query
	good "$AT/files/body?checksum=md5:$(md5sum <"$FILES/body" | cut -d' ' -f1)"
}

@test "lists of checksums: GNU's, BSD's, alone, without it, wrong" {
	(cd "$FILES" && sha256sum tool body && md5sum -b tool) >"$FILES/gnu"
	(cd "$FILES" && sha512sum --tag tool body) >"$FILES/bsd"
	sha1sum <"$FILES/body" | cut -d' ' -f1 >"$FILES/alone"
	(cd "$FILES" && sha256sum tool) >"$FILES/others"
	sed 's/^../00/' "$FILES/gnu" >"$FILES/wrong"
	local list
	for list in gnu bsd alone; do
		DIR=$BATS_TEST_TMPDIR/$list
		good "$AT/files/body" "options { checksum = \"file:$AT/files/$list\" }" || return
	done
	DIR=$BATS_TEST_TMPDIR/none
	bad 'its list of checksums has no line for body' "$AT/files/body" "options { checksum = \"file:$AT/files/others\" }"
	bad 'not 00.*as its list of checksums says' "$AT/files/body" "options { checksum = \"file:$AT/files/wrong\" }"
	bad '404' "$AT/files/body" "options { checksum = \"file:$AT/files/missing\" }"
}

# --- servers ---

@test "redirects are followed: two, not twenty, not in a circle, not to a file" {
	good "$AT/redirect/2/a.tar.gz"
	[ -x "$LOCAL/bin/tool" ]
	DIR=$BATS_TEST_TMPDIR/two
	bad 'redirects more than 10 times' "$AT/redirect/20/body"
	bad 'redirects more than 10 times' "$AT/loop/body"
	bad 'redirects to file:///etc/passwd; bivy follows to http and https only' "$AT/to-file/body"
}

@test "headers and options reach the server, but not another one it sends us to" {
	good "$AT/echo/x" 'headers {' 'X-Key = "a b"' 'User-Agent = "job-${NOMAD_TASK_NAME}"' '}' \
		'options {' 'z = "1 2"' 'a = "&"' 'filename = "y"' '}'
	assert_equal "$(jq -c '[.path, ."x-key", ."user-agent"]' "$LOCAL/y")" '["/echo/x?a=%26&z=1%202","a b","job-t"]'
	DIR=$BATS_TEST_TMPDIR/two
	good "$AT/away/x" 'headers {' 'X-Key = "secret"' 'Authorization = "Bearer secret"' '}'
	assert_equal "$(jq -c '[."x-key", .authorization]' "$DIR/task/local/x")" '[null,null]'
	DIR=$BATS_TEST_TMPDIR/three
	bad 'control character' "$AT/echo/x" 'headers { X-Key = "a\r\nInjected: b" }'
}

@test "a password in the address is not shown" {
	bad 'http://me:\*\*\*@127.0.0.1:[0-9]*/status/404/x: the server answers 404 \(not found\)' "http://me:secret@127.0.0.1:$PORT/status/404/x"
	[[ $stderr != *secret* ]]
	good "http://me:secret@127.0.0.1:$PORT/echo/x"
	assert_equal "$(jq -r .authorization "$LOCAL/x")" "Basic $(printf me:secret | base64)"
	DIR=$BATS_TEST_TMPDIR/two
	bad 'http://\*\*\*@127.0.0.1:[0-9]*/status/404/x\?\.\.\.: the server answers 404' "http://secret@127.0.0.1:$PORT/status/404/x?token=secret"
	[[ $stderr != *secret* ]]
	bad 'http://me:\*\*\*@127.0.0.1' "http://me:se@cret@127.0.0.1:$PORT/status/404/x"
	[[ $stderr != *cret* ]]
	bad 'http://127.0.0.1:[0-9]*/signed/x: redirected to http://127.0.0.1:[0-9]*/status/404/x: the server answers 404' "$AT/signed/x"
	bad 'http://me:\*\*\*@127.0.0.1:[0-9]*/relative/x: redirected to http://127.0.0.1:[0-9]*/status/404/x: the server' \
		"http://me:secret@127.0.0.1:$PORT/relative/x"
}

@test "answers that are none" {
	bad 'the server answers 404 \(not found\)$' "$AT/status/404/x"
	bad 'the server answers 403 \(forbidden\)$' "$AT/status/403/x"
	bad 'the server answers 204$' "$AT/status/204/x"
	agent 'http_read_timeout = "1s"'
	bad 'the server answers 500 \(internal error\) \(after [0-9] tries\)' "$AT/status/500/x"
	bad 'is the server up, and the port right\? \(after' "http://127.0.0.1:1/x"
}

@test "out of service twice, then there" {
	good "$AT/flaky/body"
	cmp "$FILES/body" "$LOCAL/body"
	assert_equal "$(requests /flaky/body)" 3
}

@test "a broken connection: the rest is asked for, and fits" {
	good "$AT/cut/body" "$(checksum sha256 body)"
	cmp "$FILES/body" "$LOCAL/body"
	assert_equal "$(grep ^/cut/ "$FILES.requests")" "/cut/body -"$'\n'"/cut/body bytes=$(($(stat -c %s "$FILES/body") / 2))-"
}

@test "a broken connection, and another version after it: begun again" {
	good "$AT/changed/body" "$(checksum sha256 body)"
	cmp "$FILES/body" "$LOCAL/body"
}

@test "truncated, too long, another part: nothing" {
	agent 'http_read_timeout = "1s"'
	bad 'the server ended the transfer early, after 51.2 kB' "$AT/short/body"
	bad 'the server (sent another part of it|ended the transfer early)' "$AT/wrong-part/body"
	bad 'its sha256 checksum' "$AT/long/body" "$(checksum sha256 body)"
}

@test "limits: time, size" {
	agent 'http_read_timeout = "1s"'
	bad 'the time for it is over after [0-9]+ bytes; http_read_timeout' "$AT/drip/x"
	agent 'http_max_size = "1MB"'
	bad 'it is larger than 1.0 MB; http_max_size' "$AT/endless/x"
	agent 'decompression_size_limit = "2MB"'
	bad 'unpacks to more than 2.0 MB; decompression_size_limit' "$AT/files/zoo-large.tar"
	agent 'decompression_file_count_limit = 3'
	bad 'holds more than 3 files; decompression_file_count_limit' "$AT/files/a.tar"
	agent 'http_max_size = "1 MB or so"'
	assert_fails 1 'http_max_size "1 MB or so" is no size' bivy check --client node.hcl job.hcl
}

@test "https: an authority that is not known is refused, a known one trusted, insecure is insecure" {
	local tls=https://127.0.0.1:$TLS
	bad 'name the certificate of its authority in SSL_CERT_FILE, or set insecure = true' "$tls/files/body"
	SSL_CERT_FILE=$CA good "$tls/files/body"
	cmp "$FILES/body" "$LOCAL/body"
	DIR=$BATS_TEST_TMPDIR/two
	good "$tls/files/body" 'insecure = true'
	DIR=$BATS_TEST_TMPDIR/three
	SSL_CERT_FILE=$CA bad 'redirects from https to http.*give a checksum' "$tls/down/$PORT/body"
	SSL_CERT_FILE=$CA good "$tls/down/$PORT/body" "$(checksum sha256 body)"
}

@test "a proxy is used, and not for whom it is not" {
	agent 'http_read_timeout = "1s"'
	http_proxy=http://127.0.0.1:1 bad 'is the server up' "$AT/files/body" 'options { filename = "proxied" }'
	http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 good "$AT/files/body"
}

# --- other sources ---

@test "a file of this host: what the user may read" {
	cp "$FILES/a.tar.gz" "$BATS_TEST_TMPDIR/a.tar.gz"
	good "file://$BATS_TEST_TMPDIR/a.tar.gz"
	[ -x "$LOCAL/bin/tool" ]
	chmod 600 "$BATS_TEST_TMPDIR/a.tar.gz"
	DIR=$BATS_TEST_TMPDIR/two
	bad "read as uid $(id -u nobody), without privileges: Permission denied" "file://$BATS_TEST_TMPDIR/a.tar.gz"
	bad 'it is a directory, and only a file can be fetched' /etc
	bad 'the byte 0xff is not UTF-8' "$AT/files/%ff"
	bad 'neither a URL nor an absolute path' tool.tar.gz
}

@test "what others fetch is refused by name, by check, too" {
	local source
	for source in git::https://example.com/r.git git@github.com:o/r hg::x s3::https://s3.amazonaws.com/b/k ssh://host/x ftp://host/x gcs::x; do
		bad 'bivy fetches by http, https and file, not by [a-z0-9]+; put what is needed up as an archive' "$source" || return
		assert_fails 1 'bivy fetches by' bivy check job.hcl || return
	done
	assert_ok bivy bundle --artifacts-present job.hcl "$DIR"
}

@test "artifact_source of old: one file in local/, names without braces" {
	cat >job.hcl <<-EOF
		task "t" {
		  driver = "exec"
		  config {
		    artifact_source = "$AT/files/tool"
		    checksum = "sha256:$(sha256sum <"$FILES/tool" | cut -d' ' -f1)"
		    command = "\$NOMAD_TASK_DIR/tool"
		    args = ["\$NOMAD_TASK_NAME", "\$none", "\$"]
		  }
		}
	EOF
	run --separate-stderr bivy bundle job.hcl "$DIR"
	assert_ok
	[[ $stderr == "bivy: warning: job.hcl:4,"*"artifact_source is Nomad 0.3's"* ]]
	assert_equal "$(jq -c .process.args "$DIR/config.json")" '["/local/tool","t","$none","$"]'
	cmp "$FILES/tool" "$LOCAL/tool"
	sed -i 's/sha256:../sha256:00/' job.hcl
	rm -r "$DIR"
	run --separate-stderr bivy bundle job.hcl "$DIR"
	[[ $status == 1 && $stderr == *"its sha256 checksum"* ]]
	nothing
}

# --- archives that are not what they should be ---

@test "hostile archives: nothing lands" {
	bad 'absolute name /tmp/bivy-hostile' "$AT/files/zoo-absolute.tar"
	bad 'would be outside' "$AT/files/zoo-dotdot.tar"
	bad 'would be outside' "$AT/files/zoo-dotdot-inside.tar"
	bad 'link link to /etc/passwd, which leads outside' "$AT/files/zoo-symlink-absolute.tar"
	bad 'a/link to ../../x, which leads outside' "$AT/files/zoo-symlink-out.tar"
	bad 'a file below way, which is no directory of it' "$AT/files/zoo-symlink-file.tar"
	bad 'link up to .*which leads outside' "$AT/files/zoo-symlink-climb.tar"
	bad 'absolute name /etc/passwd' "$AT/files/zoo-hardlink-out.tar"
	bad 'would be outside' "$AT/files/zoo-hardlink-dotdot.tar"
	bad 'a hard link link to a/b/link, which is no file of it' "$AT/files/zoo-hardlink-shallow.tar"
	bad 'null, which is a device' "$AT/files/zoo-device.tar"
	bad 'disk, which is a device' "$AT/files/zoo-block.tar"
	bad 'pipe, which is a FIFO' "$AT/files/zoo-fifo.tar"
	bad 'more than 4096 files' "$AT/files/zoo-many.tar"
	bad 'File name too long' "$AT/files/zoo-long.tar"
	bad 'longer than any path' "$AT/files/zoo-longer.tar"
	bad 'a name of 40001 characters, longer than any path' "$AT/files/zoo-parts.tar"
	bad 'a link a/link to a path of 40001 characters' "$AT/files/zoo-parts-of-link.tar"
	bad '301 directories deep' "$AT/files/zoo-deep.tar"
	bad 'twice, as a directory' "$AT/files/zoo-dir-then-link.tar"
	bad 'would be outside' "$AT/files/dotdot.zip"
	bad 'leads outside' "$AT/files/link.zip"
}

@test "archives that are none" {
	bad 'its archive cannot be read' "$AT/files/broken.tar.gz"
	bad 'its archive cannot be read' "$AT/files/words.tar.gz"
	bad 'is not compressed' "$AT/files/plain.gz"
	bad 'its archive cannot be read' "$AT/files/empty?archive=zip"
}

@test "a link that the task has put into the way is not followed" {
	good "$AT/files/body"
	mkdir outside
	rm "$LOCAL/body"
	ln -s "$BATS_TEST_TMPDIR/outside" "$LOCAL/bin"
	job "$AT/files/a.tar"
	assert_fails 1 'bin is there already, and is no directory' bivy bundle --force job.hcl "$DIR"
	ln -s "$BATS_TEST_TMPDIR/outside" "$DIR/alloc/data/bin"
	job "$AT/files/body" 'destination = "../alloc/data/bin"'
	assert_fails 1 'data/bin must be a directory, and no link to one' bivy bundle --force job.hcl "$DIR"
	assert_equal "$(ls -A outside)" ""
}

@test "the disk is full: said, and nothing is left" {
	mkdir small
	mount -t tmpfs -o size=300k,mode=711 none small
	DIR=$PWD/small/job
	fetch "$AT/endless/x"
	assert_fails 1 'write to the disk that it is for: No space left on device' && nothing
	umount small
}

# --- the one who fetches ---

fetcher() {
	pgrep -P "$1" bivy-fetch
}

dripping() {
	job "$AT/drip/x" && cd "$BATS_TEST_TMPDIR" && bivy_background bundle --client node.hcl job.hcl job
	wait_for fetcher "$bivy_pid" >/dev/null
	wait_for grep -q '^NoNewPrivs:.1' "/proc/$(fetcher "$bivy_pid")/status"
	wait_for test -e "$DIR/.artifacts/in/0/x"
}

@test "it has no privileges, and no way to others' files" {
	dripping
	local pid status nobody
	nobody=$(id -u nobody)
	pid=$(fetcher "$bivy_pid")
	status=$(cat "/proc/$pid/status")
	kill "$bivy_pid"
	wait "$bivy_pid" || true
	assert_equal "$(awk '/^Uid/ { print $2, $3, $4, $5 }' <<<"$status")" "$nobody $nobody $nobody $nobody"
	assert_equal "$(awk '/^Groups/ { print $2 }' <<<"$status")" ""
	assert_equal "$(awk '/^Cap(Inh|Prm|Eff|Amb)/ { print $2 }' <<<"$status" | sort -u)" 0000000000000000
}

@test "Landlock is on where the kernel has it, and keeps it from what it need not read" {
	command -v strace >/dev/null || skip "needs strace"
	job "$AT/files/body"
	strace -f -qq -o trace -e trace=landlock_create_ruleset,landlock_restrict_self,socket "$BIVY" --root "$BIVY_ROOT" bundle job.hcl "$DIR"
	grep -q 'landlock_create_ruleset(NULL.* = -1' trace && skip "this kernel has no Landlock"
	grep -q 'landlock_restrict_self(.*= 0' trace
	assert_equal "$(grep -o 'landlock_restrict_self\|socket(AF_INET' trace | head -1)" landlock_restrict_self
}

# The shell has its background commands ignore SIGINT, and so does bivy then.
@test "a signal that ends bivy ends it, and nothing is left" {
	dripping
	local pid
	pid=$(fetcher "$bivy_pid")
	kill -TERM "$bivy_pid"
	wait "$bivy_pid" || status=$?
	assert_equal "$(output_of job)" "bivy: fetching artifacts: interrupted by SIGTERM; nothing was left behind"
	[ ! -e "/proc/$pid" ]
	nothing
}

# The first task's artifact has landed when the second one's is still coming; the first task of an earlier run still runs.
@test "what is taken away again is not looked for behind a link that a task has put into the way" {
	mkdir outside
	touch outside/body
	{
		echo 'group "g" {'
		for each in '1 files/body' '2 drip/x'; do
			printf 'task "t%s" {\n driver = "exec"\n config { command = "/bin/true" }\n artifact {\n' "${each% *}"
			printf 'source = "%s/%s"\n destination = "local/way"\n}\n}\n' "$AT" "${each#* }"
		done
		echo '}'
	} >job.hcl
	bivy_background bundle --client node.hcl job.hcl job
	wait_for test -e "$DIR/g/t2/.artifacts/in/0/x"
	mv "$DIR/g/t1/task/local/way" "$DIR/g/t1/task/local/was"
	ln -s "$BATS_TEST_TMPDIR/outside" "$DIR/g/t1/task/local/way"
	kill -TERM "$bivy_pid"
	wait "$bivy_pid" || status=$?
	[ -e outside/body ] || tell "a file outside was taken away"
	[ ! -e "$DIR/g/t2" ] && [ -e "$DIR/g/t1/task/local/was/body" ]
}

@test "it ends with bivy, whatever ends that" {
	dripping
	local pid
	pid=$(fetcher "$bivy_pid")
	kill -KILL "$bivy_pid"
	wait "$bivy_pid" || true
	wait_for test ! -e "/proc/$pid"
	good "$AT/files/body"
	assert_equal "$(ls -A "$DIR")" $'alloc\nconfig.json\ntask'
}
