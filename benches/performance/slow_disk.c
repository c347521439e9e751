/* Every durable write of a program takes five milliseconds longer: the disk of a store PC, from outside the program.
 * Loaded with LD_PRELOAD by the bench; no part of the product. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int file)
{
    const struct timespec delay = {.tv_sec = 0, .tv_nsec = 5 * 1000 * 1000};
    int (*sync_file)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    nanosleep(&delay, NULL);
    return sync_file(file);
}

int fsync(int file)
{
    return slowly("fsync", file);
}

int fdatasync(int file)
{
    return slowly("fdatasync", file);
}
