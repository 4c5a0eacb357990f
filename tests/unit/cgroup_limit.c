/* What linux.resources becomes in the files of cgroup v2 and v1.  TAP.  The cgroup is a directory of empty files, so
 * that both versions are tried on any machine, and every value that a kernel would round or refuse is seen as written.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/config.h"
#include "sys/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct row {
	int version;
	const char *json, *file, *value;
};

/* clang-format off */
static const struct row rows[] = {
	{ 2, "{'cpu':{'shares':500,'quota':50000,'period':100000}}", "cpu.max",                     "50000 100000" },
	{ 2, "{'cpu':{'quota':50000}}",                              "cpu.max",                     "50000" },
	{ 2, "{'cpu':{'quota':-1,'period':100000}}",                 "cpu.max",                     "max 100000" },
	{ 2, "{'cpu':{'period':20000}}",                             "cpu.max",                     "max 20000" },
	{ 2, "{'memory':{'limit':67108864}}",                        "memory.max",                  "67108864" },
	{ 2, "{'memory':{'limit':-1}}",                              "memory.max",                  "max" },
	{ 2, "{'memory':{'limit':67108864,'swap':100663296}}",       "memory.swap.max",             "33554432" },
	{ 2, "{'memory':{'limit':67108864,'swap':-1}}",              "memory.swap.max",             "max" },
	{ 2, "{'memory':{'limit':67108864,'swap':67108864}}",        "memory.swap.max",             "0" },
	{ 2, "{'memory':{'reservation':1048576}}",                   "memory.low",                  "1048576" },
	{ 2, "{'pids':{'limit':100}}",                               "pids.max",                    "100" },
	{ 2, "{'pids':{'limit':-1}}",                                "pids.max",                    "max" },
	{ 2, "{'blockIO':{'weight':10}}",                            "io.weight",                   "1" },
	{ 2, "{'blockIO':{'weight':500}}",                           "io.weight",                   "4950" },
	{ 2, "{'blockIO':{'weight':1000}}",                          "io.weight",                   "10000" },
	{ 2, "{'unified':{'memory.high':'1048576'}}",                "memory.high",                 "1048576" },
	{ 1, "{'cpu':{'shares':500}}",                               "cpu.shares",                  "500" },
	{ 1, "{'cpu':{'quota':-1}}",                                 "cpu.cfs_quota_us",            "-1" },
	{ 1, "{'memory':{'limit':67108864}}",                        "memory.limit_in_bytes",       "67108864" },
	{ 1, "{'memory':{'limit':1048576,'swap':2097152}}",          "memory.memsw.limit_in_bytes", "2097152" },
	{ 1, "{'memory':{'swappiness':0}}",                          "memory.swappiness",           "0" },
	{ 1, "{'pids':{'limit':-1}}",                                "pids.max",                    "max" },
	{ 1, "{'blockIO':{'weight':500}}",                           "blkio.weight",                "500" },
	{ 1, "{'blockIO':{'leafWeight':500}}",                       "blkio.leaf_weight",           "500" },
	{ 1, "{'blockIO':{'weightDevice':[{'major':8,'minor':1,'weight':300}]}}", "blkio.weight_device", "8:1 300" },
	{ 1, "{'blockIO':{'weightDevice':[{'major':8,'minor':1,'leafWeight':300}]}}", "blkio.leaf_weight_device", "8:1 300" },
	{ 1, "{'blockIO':{'throttleWriteIOPSDevice':[{'major':8,'minor':1,'rate':0}]}}", "blkio.throttle.write_iops_device", "8:1 0" },
	{ 2, "{'blockIO':{'weightDevice':[{'major':8,'minor':1,'weight':1000}]}}", "io.weight",     "8:1 10000" },
	{ 2, "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':1,'rate':7}]}}", "io.max",    "8:1 rbps=7" },
	{ 2, "{'blockIO':{'throttleWriteIOPSDevice':[{'major':8,'minor':1,'rate':0}]}}", "io.max",  "8:1 wiops=max" },
	{ 2, "{'hugepageLimits':[{'pageSize':'2MB','limit':4194304}]}", "hugetlb.2MB.rsvd.max",     "4194304" },
	{ 2, "{'hugepageLimits':[{'pageSize':'1GB','limit':0}]}",    "hugetlb.1GB.max",             "0" },
	{ 1, "{'hugepageLimits':[{'pageSize':'2MB','limit':4194304}]}", "hugetlb.2MB.limit_in_bytes", "4194304" },
	{ 2, "{'rdma':{'mlx5_1':{'hcaHandles':3,'hcaObjects':10000}}}", "rdma.max",                 "mlx5_1 hca_handle=3 hca_object=10000" },
	{ 1, "{'rdma':{'mlx5_1':{'hcaObjects':5}}}",                 "rdma.max",                    "mlx5_1 hca_object=5" },
	{ 1, "{'network':{'classID':1048577}}",                      "net_cls.classid",             "1048577" },
	{ 1, "{'network':{'priorities':[{'name':'lo','priority':5}]}}", "net_prio.ifpriomap",       "lo 5" },
	{ 1, "{'cpu':{'realtimeRuntime':95000,'realtimePeriod':1000000}}", "cpu.rt_runtime_us",     "95000" },
	{ 1, "{'cpu':{'idle':1}}",                                   "cpu.idle",                    "1" },
	{ 2, "{'cpu':{'burst':5000,'quota':10000}}",                 "cpu.max.burst",               "5000" },
	{ 1, "{'pids':{'limit':0}}",                                 "pids.max",                    "0" },
	{ 1, "{'memory':{'useHierarchy':true}}",                     "memory.use_hierarchy",        "1" },
	{ 1, "{'memory':{'disableOOMKiller':true}}",                 "memory.oom_control",          "1" },
};

/* Shares and the weight that OCI's cgroups library 0.0.7 makes of them, seen in the files of tasks that Nomad ran. */
static const unsigned weights[][2] = {
	{ 2, 1 },       { 3, 2 },       { 10, 4 },      { 20, 6 },        { 50, 10 },       { 100, 17 },       { 200, 29 },
	{ 256, 35 },    { 300, 39 },    { 400, 49 },    { 500, 58 },      { 512, 59 },      { 700, 75 },       { 1000, 99 },
	{ 1024, 100 },  { 1500, 136 },  { 2000, 170 },  { 2048, 174 },    { 3000, 236 },    { 4096, 303 },     { 5000, 356 },
	{ 6000, 413 },  { 8000, 522 },  { 10000, 627 }, { 16384, 942 },   { 24000, 1295 },  { 131072, 5478 },
	{ 262143, 10000 }, { 262144, 10000 }, { 1, 1 },
};
/* clang-format on */
#define LENGTH(a) (sizeof(a) / sizeof *(a))

static const char *const files[] = {
	"cpu.max",
	"cpu.weight",
	"memory.max",
	"memory.swap.max",
	"memory.low",
	"memory.high",
	"pids.max",
	"io.weight",
	"cpu.shares",
	"cpu.cfs_quota_us",
	"memory.limit_in_bytes",
	"memory.memsw.limit_in_bytes",
	"memory.swappiness",
	"blkio.weight",
	"blkio.leaf_weight",
	"blkio.weight_device",
	"blkio.leaf_weight_device",
	"blkio.throttle.write_iops_device",
	"io.max",
	"hugetlb.2MB.rsvd.max",
	"hugetlb.1GB.max",
	"hugetlb.2MB.limit_in_bytes",
	"rdma.max",
	"net_cls.classid",
	"net_prio.ifpriomap",
	"cpu.rt_runtime_us",
	"cpu.rt_period_us",
	"cpu.idle",
	"cpu.max.burst",
	"memory.use_hierarchy",
	"memory.oom_control",
	NULL,
};

static struct cgroup *cgroup_at(const char *dir, int version)
{
	static const char *const controllers[] = { "cpu",  "memory",  "pids",     "blkio", "hugetlb",
						   "rdma", "net_cls", "net_prio", NULL };
	static const char *const one[] = { "", NULL };
	struct cgroup *cg = mem(sizeof *cg);

	*cg = (struct cgroup){ .unified = version == 2, .path = "/", .dir = -1 };
	EACH(name, version == 2 ? one : controllers) {
		struct hierarchy *h = mem(sizeof *h);
		*h = (struct hierarchy){ .name = *name, .mount = dir, .dir = dir, .door = -1 };
		cg->hierarchies = append(cg->hierarchies, h);
	}
	return cg;
}

static const char *quoted(const char *json) /* ' is easier to read in a table */
{
	char *to = text(json);
	for (char *c = to; *c; c++)
		if (*c == '\'')
			*c = '"';
	return to;
}

/* What the file says afterwards. */
static const char *limited(const char *dir, const struct row *row)
{
	int at = open_dir(AT_FDCWD, dir);

	EACH(name, files) {
		unlinkat(at, *name, 0);
		write_new(at, *name, "");
	}
	cgroup_limit(cgroup_at(dir, row->version), json_read("row", quoted(row->json), &resources_type));
	const char *said = read_whole(at, row->file);
	close(at);
	return said;
}

static bool test(unsigned number, const char *dir, const struct row *row)
{
	const char *said = limited(dir, row);
	bool ok = same(said, row->value);

	printf("%sok %u - cgroup v%d: %s is %s in %s\n", ok ? "" : "not ", number, row->version, row->json, row->value,
	       row->file);
	if (!ok)
		printf("# it is \"%s\"\n", said);
	return ok;
}

int main(void)
{
	const char *dir = mkdtemp(text("/tmp/bivy-unit.XXXXXX"));
	bool ok = true;
	unsigned n = 0;

	printf("1..%zu\n", LENGTH(rows) + LENGTH(weights));
	for (size_t i = 0; i < LENGTH(rows); i++)
		ok &= test(++n, dir, rows + i);
	for (size_t i = 0; i < LENGTH(weights); i++)
		ok &= test(++n, dir,
			   &(struct row){ 2, fmt("{'cpu':{'shares':%u}}", weights[i][0]), "cpu.weight",
					  fmt("%u", weights[i][1]) });
	try_remove_tree(AT_FDCWD, dir);
	return !ok;
}
