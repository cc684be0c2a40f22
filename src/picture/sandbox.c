/*
 * Memory, time and size of the answer by rlimits, system calls by seccomp. Called by main before it reads the first byte.
 */
#include "picture/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED                                                                                  \
	1 /* the sanitizer reserves terabytes, and asks the kernel for more when it reports */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { CPU_S = 5, NICE = 10 };
static const rlim_t MEMORY_MAX = 400u << 20, ANSWER_MAX = 20u << 20;

static int limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r = { most, most };

	return setrlimit(what, &r) ? -errno : 0;
}

static int limits(void)
{
	int status = limit(RLIMIT_CPU, CPU_S);

	if (!status)
		status = limit(RLIMIT_FSIZE, ANSWER_MAX);
	if (!status)
		status = limit(RLIMIT_CORE, 0);
	if (!status)
		status = limit(RLIMIT_NOFILE, 3);
	if (!status && !SANITIZED)
		status = limit(RLIMIT_AS, MEMORY_MAX);
	return status;
}

static int calls(scmp_filter_ctx f)
{
	static const int plain[] = {
		SCMP_SYS(read),
		SCMP_SYS(write),
		SCMP_SYS(brk),
		SCMP_SYS(munmap),
		SCMP_SYS(mremap),
		SCMP_SYS(madvise),
		SCMP_SYS(futex),
		SCMP_SYS(exit_group),
		SCMP_SYS(rt_sigreturn),
#if SANITIZED
		SCMP_SYS(sigaltstack),
		SCMP_SYS(getrlimit),
		SCMP_SYS(prlimit64)
#endif
	};
	int status = 0;

	for (size_t i = 0; !status && i < sizeof(plain) / sizeof(*plain); i++)
		status = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain[i], 0);
	/* Memory, but none that could be run, and no file. */
	if (!status)
		status = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
			SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	return status ? status : seccomp_load(f);
}

int sandbox_enter(void)
{
	int status = limits();
	scmp_filter_ctx f;

	if (status)
		return status;
	prctl(PR_SET_DUMPABLE, 0);
	errno = 0;
	if (nice(NICE) == -1 && errno)
		return -errno;
	f = seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	if (!f)
		return -ENOMEM;
	status = calls(f);
	seccomp_release(f);
	return status;
}
