/* User-mode Linux up to 6.1 knows processors' state of 2.6 KB at most, and the host refuses to set less than there is, which
 * is more where there are AMX registers. What the guest does not know is put back as it was. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

long ptrace(enum __ptrace_request request, ...)
{
    static long (*system_ptrace)(enum __ptrace_request, ...);
    static char state[65536];
    va_list rest;
    va_start(rest, request);
    int process = va_arg(rest, int);
    void *address = va_arg(rest, void *);
    void *data = va_arg(rest, void *);
    va_end(rest);
    if (!system_ptrace)
        system_ptrace = dlsym(RTLD_NEXT, "ptrace");
    if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
        struct iovec *known = data, whole = {state, sizeof state};
        if (system_ptrace(PTRACE_GETREGSET, process, address, &whole) == 0 && known->iov_len < whole.iov_len) {
            memcpy(state, known->iov_base, known->iov_len);
            return system_ptrace(request, process, address, &whole);
        }
    }
    return system_ptrace(request, process, address, data);
}
