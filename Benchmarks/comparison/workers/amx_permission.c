// Asks Linux for the permission to use AMX tiles before a program that forgets to; loaded with LD_PRELOAD.
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void ask(void) {
    enum { archRequestPermission = 0x1023, tileData = 18 };
    syscall(SYS_arch_prctl, archRequestPermission, tileData);
}
