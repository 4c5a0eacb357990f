# bivy is built with make alone.  `sudo make run` and `sudo make check` install what a new Debian lacks; the other
# targets expect it to be there.  B is where everything goes:  make B=/tmp/elsewhere
VERSION  := 0.1.0
B        ?= build
PREFIX   ?= /usr/local
MAN      := $(PREFIX)/share/man/man8
WERROR   ?= -Werror
OPTIMIZE ?= -O2
SANITIZE ?=
HOSTCC   ?= $(CC)
FUZZ_SECONDS ?= 60

# What a Debian needs, by purpose; `make deps` and `make deps-check` see to it.
DEPS       := gcc libc6-dev pkg-config libyajl-dev libcap-dev libseccomp-dev libmount-dev \
              libcurl4-openssl-dev libarchive-dev libssl-dev
DEPS_CHECK := bats jq busybox-static shellcheck cppcheck clang clang-format clang-tidy python3-jsonschema strace \
              libcap2-bin procps util-linux bsdutils openssl iproute2 man-db runc crun podman
DEPS_ENGINES := podman buildah containerd docker.io conmon netavark aardvark-dns containernetworking-plugins catatonit tini \
              iptables busybox-static iproute2 bsdutils jq procps util-linux python3-grpcio runc crun
DEPS_VM    := qemu-system-x86 qemu-system-common mmdebstrap e2fsprogs
VM         := ../shared/vm/vm.sh

# One short line for each thing that is made; V=1 shows the commands themselves.
ifeq ($(V),)
QUIET := @
say = @printf '  %-4s %s\n' $(1) $(patsubst $(B)/%,%,$@);
endif

# The tree is the list of what is built: each directory of libexec with C files is a program libexec/bivy/bivy-NAME.
# Programs ending in _gen print a header while building.
SOURCES := $(filter-out %_gen.c,$(wildcard src/*/*.c)) $(wildcard src/*/*.S) src/main.c
OBJECTS := $(patsubst %,$(B)/obj/%.o,$(basename $(SOURCES)))
SHARED  := $(filter $(B)/obj/src/base/% $(B)/obj/src/json/% $(B)/obj/src/box/record.o $(B)/obj/src/task/order.o,$(OBJECTS))
NAMES   := $(patsubst libexec/%/,%,$(sort $(dir $(wildcard libexec/*/*.c))))
HELPERS := $(NAMES:%=$(B)/libexec/bivy/bivy-%)
GEN     := $(B)/gen/mountopt_table.h $(B)/gen/version.h
TESTS   := $(patsubst tests/%.c,$(B)/%,$(wildcard tests/oracle/*.c tests/unit/*.c))
FUZZERS := $(patsubst tests/%.c,$(B)/%,$(wildcard tests/fuzz/*.c))
FUZZED  := $(filter-out $(B)/obj/src/base/mem.o,$(filter $(foreach dir,base json oci task,$(B)/obj/src/$(dir)/%),$(OBJECTS)))
COMMIT  := $(or $(shell git -c safe.directory='*' describe --always --dirty --abbrev=12 2>/dev/null),unknown)

# pkg-config is asked when it is first needed, and once: `make run` begins on machines that do not have it.
packages = yajl libseccomp libcap
lazy = $(eval $(1) := $$(shell $(2)))$($(1))
INCLUDES = $(call lazy,INCLUDES,pkg-config --cflags $(packages))
LIBS = $(call lazy,LIBS,pkg-config --static --libs $(packages))

CPPFLAGS += -D_GNU_SOURCE -iquote src -iquote $(B)/gen
# A row of a table ends where what it says ends.
CFLAGS   += -std=gnu17 $(OPTIMIZE) -g -Wall -Wextra -Wno-missing-field-initializers $(WERROR) \
            -ffunction-sections -fdata-sections
LDFLAGS  += -Wl,-z,relro,-z,now,--gc-sections
ifeq ($(SANITIZE),)
CFLAGS   += -fstack-protector-strong
CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
# Debian names yajl's static archive libyajl_s.a.  Fatal warnings: a static glibc that wants NSS or dlopen says so here.
LINK     = -static -Wl,--fatal-warnings
LINKLIBS = $(LIBS:-lyajl=-lyajl_s)
else
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK     = -fsanitize=$(SANITIZE)
LINKLIBS = $(LIBS)
endif

# These have no libc under them: bivy-init is copied into a memfd for each container, bivy-shim stays in memory for each.
BARE        := init shim
BARE_CFLAGS  := -std=gnu17 -Os -g -Wall -Wextra $(WERROR) -ffreestanding -fno-stack-protector -fno-pie -fno-ident \
                -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -U_FORTIFY_SOURCE
BARE_LDFLAGS := -nostdlib -static -s -Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro \
                -Wl,-z,noexecstack,--fatal-warnings

all: $(B)/bivy $(HELPERS) $(B)/bivy.8

$(B)/bivy: $(OBJECTS)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) $(LINK) -o $@ $^ $(LINKLIBS)

# An archive, so that a helper takes in only what it uses.
$(B)/obj/shared.a: $(SHARED)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

define helper
$(B)/libexec/bivy/bivy-$(1): $(patsubst %.c,$(B)/obj/%.o,$(wildcard libexec/$(1)/*.c)) $(B)/obj/shared.a
	@mkdir -p $$(@D)
	$$(call say,LINK)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(LINK) -o $$@ $$^ $$(LINKLIBS)
endef
$(foreach name,$(filter-out $(BARE) fetch,$(NAMES)),$(eval $(call helper,$(name))))

# Linked dynamically: TLS and name service want the libraries of the host, as they are patched.
FETCH_CFLAGS = $(call lazy,FETCH_CFLAGS,pkg-config --cflags libcurl libarchive libcrypto yajl)
FETCH_LIBS = $(call lazy,FETCH_LIBS,pkg-config --libs libcurl libarchive libcrypto yajl)

$(B)/libexec/bivy/bivy-fetch: $(patsubst %.c,$(B)/obj/%.o,$(wildcard libexec/fetch/*.c)) $(B)/obj/shared.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -pie -Wl,--as-needed -o $@ $^ $(FETCH_LIBS)

$(B)/obj/libexec/fetch/%.o: CPPFLAGS += $(FETCH_CFLAGS)
$(B)/obj/libexec/fetch/%.o: CFLAGS += -fPIE

# Programs of tests/ print TAP.  oracle: ours against another implementation; unit: what bats cannot reach.
$(B)/obj/lower.a: $(filter $(B)/obj/src/base/% $(B)/obj/src/json/% $(B)/obj/src/oci/% $(B)/obj/src/sys/%,$(OBJECTS))
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(TESTS): $(B)/%: $(B)/obj/tests/%.o $(B)/obj/lower.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Programs of tests/fuzz, which bring their own base/mem.c; built by `make fuzz` with clang in a directory of their own.
$(FUZZERS): $(B)/%: $(B)/obj/tests/%.o $(FUZZED)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) -fsanitize=fuzzer -Wl,--wrap=yajl_tree_parse,--wrap=yajl_alloc -o $@ $^ $(LIBS)

fuzzers: $(FUZZERS)

# Each for FUZZ_SECONDS, from its files in tests/fuzz/corpus, or the job files that bats has.  What it finds stands in B/fuzz/found: give it to the program of B/fuzz/fuzz to see it again.
fuzz:
	@$(MAKE) --no-print-directory B='$(B)/fuzz' CC=clang HOSTCC='$(HOSTCC)' OPTIMIZE=-O1 \
		SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@for name in $(notdir $(FUZZERS)); do \
		mkdir -p $(B)/fuzz/corpus/$$name $(B)/fuzz/found; \
		case $$name in hcl) seeds=tests/bats/cases ;; *) seeds=tests/fuzz/corpus/$$name ;; esac; \
		ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 $(B)/fuzz/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-max_len=16384 -close_fd_mask=2 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=$(B)/fuzz/found/$$name- \
			$(B)/fuzz/corpus/$$name $$seeds || exit 1; \
	done

oracle: $(filter $(B)/oracle/%,$(TESTS))
unit: $(filter $(B)/unit/%,$(TESTS))

define bare
$(B)/libexec/bivy/bivy-$(1): $(patsubst %.c,$(B)/obj/%.o,$(wildcard libexec/$(1)/*.c))
	@mkdir -p $$(@D)
	$$(call say,LINK)$$(CC) $$(BARE_LDFLAGS) -o $$@ $$^

$(B)/obj/libexec/$(1)/%.o: libexec/$(1)/%.c Makefile | $(GEN)
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) -D_GNU_SOURCE -iquote src -iquote $(B)/gen $$(BARE_CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach name,$(BARE),$(eval $(call bare,$(name))))

$(B)/obj/%.o: %.c Makefile | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(INCLUDES) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.S $(wildcard spec/*.json) Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -c -o $@ $<

$(B)/gen/mountopt_gen: src/oci/mountopt_gen.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK)$(HOSTCC) -Wall -Wextra -o $@ $< $(shell pkg-config --cflags --libs mount)

$(B)/gen/mountopt_table.h: $(B)/gen/mountopt_gen
	$(call say,GEN)$< >$@.new && mv $@.new $@

# Rewritten only when it says something new.
$(B)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define BIVY_VERSION "%s"\n#define BIVY_COMMIT "%s"\n' '$(VERSION)' '$(COMMIT)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The options in the manual are what the program itself says of them.
$(B)/bivy.8: man/bivy.8.in $(B)/bivy
	$(call say,GEN)$(B)/bivy __manual >$@.options
	$(QUIET)sed -e 's/@VERSION@/$(VERSION)/' -e '/^@OPTIONS@$$/{r $@.options' -e 'd}' $< >$@.new && mv $@.new $@

# What is missing of the packages $(1), installed; `make` is to be said again by root where this is not root.
define install_missing
@command -v dpkg-query >/dev/null || { echo "make: no Debian here; needed are: $(1)"; exit 0; }; \
missing=; for p in $(1); do \
	dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; \
done; \
[ -n "$$missing" ] || exit 0; \
[ "$$(id -u)" = 0 ] || { echo "make: missing packages:$$missing; run: sudo apt-get install$$missing" >&2; exit 1; }; \
echo "make: installing$$missing"; \
apt-get -q -o DPkg::Lock::Timeout=300 update; \
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $$missing
endef

deps:
	$(call install_missing,$(DEPS))

deps-check:
	$(call install_missing,$(DEPS) $(DEPS_CHECK) $(if $(wildcard $(VM)),$(DEPS_VM)))

# Shows it: a job whose one task prints what it sees from inside.
run: deps
	@$(MAKE) --no-print-directory all
	$(B)/bivy up spec/examples/hello.hcl

check: deps-check
	@B='$(B)' MAKE='$(MAKE)' VM='$(VM)' tests/check

# The real engines, each on a stage of its own: see tests/engines/stage.bash.  SOAK containers through each, 100 by default.
engines: all
	$(call install_missing,$(DEPS_ENGINES))
	@failed=; for engine in podman buildah containerd cri docker swarm; do \
		echo "# $$engine"; BIVY='$(abspath $(B))/bivy' tests/engines/$$engine || failed="$$failed $$engine"; \
	done; [ -z "$$failed" ] || { echo "make: failed:$$failed" >&2; exit 1; }

# The walk-through of the README alone: a service of three replicas on one node.
swarm: all
	BIVY='$(abspath $(B))/bivy' tests/engines/swarm

lint: all
	@B='$(B)' tests/layers
	@B='$(B)' tests/lint

# Each as long as its own head says, tens of minutes in all; SOAK=N is their count.
soak: all
	@for part in tests/soak/*; do echo "# $$part"; BIVY='$(abspath $(B))/bivy' $$part || exit 1; done

bench: all
	@[ -x tests/bench/bench.sh ] || { echo "make: tests/bench/bench.sh is not there yet"; exit 1; }
	BIVY='$(abspath $(B))/bivy' tests/bench/bench.sh

format:
	clang-format -i $(wildcard src/*.c src/*/*.[ch] libexec/*/*.[ch])

install: all
	install -D -s $(B)/bivy $(DESTDIR)$(PREFIX)/bin/bivy
	install -D -s -t $(DESTDIR)$(PREFIX)/libexec/bivy $(HELPERS)
	install -D -m 644 $(B)/bivy.8 $(DESTDIR)$(MAN)/bivy.8
	install -D -m 644 completions/bivy.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/bivy
	install -D -m 644 completions/bivy.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_bivy
	install -D -m 644 completions/bivy.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/bivy.fish
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/bivy/examples $(wildcard spec/examples/*)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/bivy $(DESTDIR)$(MAN)/bivy.8
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/bivy
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_bivy
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/bivy.fish
	rm -rf $(DESTDIR)$(PREFIX)/libexec/bivy $(DESTDIR)$(PREFIX)/share/bivy

clean:
	rm -rf $(B)

FORCE:
.PHONY: all deps deps-check oracle unit fuzz fuzzers run check engines swarm lint soak bench format install uninstall clean FORCE
.DELETE_ON_ERROR:

-include $(OBJECTS:.o=.d) $(TESTS:$(B)/%=$(B)/obj/tests/%.d) $(patsubst %.c,$(B)/obj/%.d,$(wildcard libexec/*/*.c))
