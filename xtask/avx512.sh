#!/usr/bin/env bash
# Runs static x86-64 Linux programs on an emulated processor that has AVX-512 (F, BW, CD, DQ, VL), so
# that the AVX-512 level can be tested on a machine without it. QEMU and valgrind do not know AVX-512;
# Bochs does, instruction by instruction, with the exact rounding. It emulates a whole computer, so this
# boots Debian's kernel in it, with a RAM disk that holds the programs. Slow (about 20 million
# instructions a second, fewer with vectors): for tests of bits, never for timing.
#
#   xtask/avx512.sh [--time SECONDS] [--with PATH]... PROGRAM... [ARGUMENT...]
#
#   --time SECONDS   end it after this long (default 900)
#   --with PATH      a file or folder the programs read; inside, it has the same absolute path
#   PROGRAM          one or more, run one after the other, each with every ARGUMENT (the first word that is no
#                    file starts them). PASO_*, RUST_*, CARGO_*, PROPTEST_* variables and the working
#                    directory's path come along.
#
# The programs must be static. For the tests of a crate, in one start (about half a minute) of the computer:
#
#   tests=$(RUSTFLAGS='-C target-feature=+crt-static' cargo test --release -p paso-adam --tests --no-run \
#     --target x86_64-unknown-linux-gnu 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
#   PASO_EXPECT_LEVELS=scalar,avx2,avx512 xtask/avx512.sh $tests
#
# With its whole path it is also a runner for cargo (CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER), with one
# start for each test program. There is one processor, and 1 GiB of memory for everything.
#
# Status: the first failed program's (0: all passed; 128 + n: signal n); 2 wrong use; 3 not available on
# this machine; 4 the emulated computer broke off; 124 time is up. It needs Debian (tried on bookworm,
# Bochs 2.7, Linux 6.1), and root or sudo once, to install Bochs. The kernel is only unpacked, into
# ~/.cache/paso-avx512 (AVX512_CACHE), not installed.
set -euo pipefail

limit=900
with=()
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }
cannot() { echo "avx512: cannot run here: $*" >&2; exit 3; }
while [ $# -gt 0 ]; do
  case $1 in
  --time) [ $# -ge 2 ] || usage; limit=$2; shift 2 ;;
  --with) [ $# -ge 2 ] || usage; w=$(realpath -e "$2") || exit 2; with+=("$w"); shift 2 ;;
  *) break ;;
  esac
done
programs=()
while [ $# -gt 0 ] && [ -f "$1" ]; do programs+=("$1"); shift; done
[ ${#programs[@]} -gt 0 ] || usage

# 1. The emulator, the kernel, and what lays out the RAM disk.
[ "$(uname -sm)" = "Linux x86_64" ] || cannot "this is $(uname -sm), not Linux x86_64"
command -v apt-get >/dev/null || cannot "no apt-get (Debian's bochs and kernel are needed)"
cache=${AVX512_CACHE:-$HOME/.cache/paso-avx512}
mkdir -p "$cache"
need=()
for p in bochs bochs-term binutils cpio gcc libc6-dev; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || need+=("$p")
done
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
if [ ${#need[@]} -gt 0 ] || [ ! -s "$cache/vmlinuz" ]; then
  [ -z "$sudo" ] || sudo -n true 2>/dev/null || cannot "${need[*]:-the package list} needs root or sudo"
  $sudo apt-get update -qq >&2 || cannot "apt-get update failed"
fi
if [ ${#need[@]} -gt 0 ]; then
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" \
    >"$cache/apt.log" 2>&1 || cannot "could not install ${need[*]}; see $cache/apt.log"
fi
[[ $(bochs --help cpu 2>&1 || true) == *corei7_skylake_x* ]] || cannot "this bochs has no AVX-512 processor"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -s "$cache/vmlinuz" ]; then # the smallest of Debian's kernels, packed with LZ4, which is quick to unpack
  kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
  [ -n "$kernel" ] || cannot "apt knows no linux-image-cloud-amd64"
  (cd "$work" && apt-get download -qq "$kernel" 2>/dev/null) || cannot "could not download $kernel"
  dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -xO --wildcards './boot/vmlinuz-*' >"$work/vmlinuz"
  mv "$work/vmlinuz" "$cache/vmlinuz"
  rm "$work"/linux-image-*.deb
fi

# 2. The RAM disk: the programs, their arguments and environment, and an init that runs them one after the other.
root=$work/root
mkdir -p "$root"/{proc,tmp,programs} "$root/$PWD"
i=100
for p in "${programs[@]}"; do
  if readelf -lW "$p" 2>/dev/null | grep -q INTERP || ! readelf -hW "$p" 2>/dev/null | grep -q X86-64; then
    echo "avx512: $p is not a static x86-64 program; build it with RUSTFLAGS='-C target-feature=+crt-static'" \
      "and --target x86_64-unknown-linux-gnu" >&2
    exit 2
  fi
  strip --strip-debug -o "$root/programs/$i-$(basename "$p")" "$p"
  i=$((i + 1))
done
for w in "${with[@]}"; do
  mkdir -p "$root$(dirname "$w")"
  cp -a "$w" "$root$w"
done
[ $# -eq 0 ] || printf '%s\0' "$@" >"$root/arguments"
{ env -0 | grep -zE '^(PASO|RUST|CARGO|PROPTEST)_' || true; } >"$root/environment"
printf 'PWD=%s\0HOME=/tmp\0PATH=/\0' "$PWD" >>"$root/environment"

cat >"$work/init.c" <<'C'
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The NUL-separated strings of a file, behind the first `skip` empty places of a NULL-ended list. */
static char **strings(const char *path, int skip) {
    static char text[2][1 << 17];
    char *t = text[skip], **list = calloc(1 << 12, sizeof *list);
    int file = open(path, O_RDONLY);
    long size = file < 0 ? 0 : read(file, t, sizeof text[0] - 1);
    for (char *s = t; s < t + size && skip < (1 << 12) - 1; s += strlen(s) + 1) list[skip++] = s;
    return list;
}

int main(void) {
    struct termios tty;
    tcgetattr(1, &tty);
    tty.c_oflag &= ~OPOST; /* lines end as the programs end them */
    tcsetattr(1, TCSANOW, &tty);
    mount("proc", "/proc", "proc", 0, 0);
    mount("devtmpfs", "/dev", "devtmpfs", 0, 0); /* a static program asks /dev/urandom */
    char **environment = strings("/environment", 0), **arguments = strings("/arguments", 1);
    int first = 0;
    struct dirent **program;
    int count = scandir("/programs", &program, 0, alphasort);
    for (char **e = environment; *e; e++)
        if (!strncmp(*e, "PWD=", 4) && chdir(*e + 4)) return 1;
    printf("\n@avx512 begin\n");
    for (int i = 0; i < count; i++) {
        char path[4096];
        if (program[i]->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/programs/%s", program[i]->d_name);
        arguments[0] = program[i]->d_name + 4;
        fflush(stdout);
        pid_t child = fork();
        if (!child) {
            execve(path, arguments, environment);
            perror(path);
            _exit(127);
        }
        int status = 0;
        waitpid(child, &status, 0);
        status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (status) printf("avx512: %s ended with %d\n", program[i]->d_name + 4, status);
        if (!first) first = status;
    }
    /* Bochs writes the serial line out in blocks of 4 KiB, and does not always end well: fill one up. */
    printf("\n@avx512 status %d\n%4096s\n", first, "");
    fflush(stdout);
    tcdrain(1);
    usleep(10000); /* the last letters leave the UART */
    iopl(3);
    for (const char *word = "Shutdown"; *word; word++) outb(*word, 0x8900); /* Bochs ends itself */
    for (;;) pause();
}
C
cc -O2 -static -o "$root/init" "$work/init.c" || cannot "cc cannot link a static program"
strip "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/disk.img"

# 3. Memory as the kernel's 32-bit boot protocol wants it (Documentation/arch/x86/boot.rst): the kernel, room
# to unpack itself, `boot_params` with the command line, and the RAM disk. One image, loaded by Bochs before
# the processor starts: there is no BIOS, no boot loader and no disk to wait for.
base=0x1000000 params=0x5000000 disk=0x5010000 memory=0x40000000
size=$(stat -c %s "$work/disk.img")
[ "$size" -le $((memory / 4)) ] || { echo "avx512: $((size >> 20)) MiB of programs are too many" >&2; exit 2; }
# `clearcpuid`: Bochs 2.7 reports a size for XSAVES that the kernel rejects, and then there would be no AVX.
# The time stamp counter counts instructions, whatever frequency CPUID reports, hence `tsc_early_khz`.
line="console=ttyS0 quiet loglevel=1 panic=-1 nokaslr acpi=off mitigations=off clearcpuid=xsaves,xsavec"
line+=" tsc_early_khz=50000 tsc=reliable"
# The longest parts of the start, which nothing here uses.
line+=" cryptomgr.notests initcall_blacklist=trace_eval_init,load_system_certificate_list,init_evm"
setup=$(od -An -tu1 -j 497 -N 1 "$cache/vmlinuz")
tail -c +$(((setup + 1) * 512 + 1)) "$cache/vmlinuz" >"$work/memory.img"
as --32 -I "$cache" --defsym MEMORY=$memory --defsym PARAMS=$params --defsym DISK=$disk --defsym SIZE="$size" \
  -o "$work/params.o" - <<S
        .org 0x1e8              # number of memory regions
        .byte 2
        .org 0x1f1              # the setup header, with four fields filled in
        .incbin "vmlinuz", 0x1f1, 0x210 - 0x1f1
        .byte 0xff              # type_of_loader: none of the known
        .incbin "vmlinuz", 0x211, 0x218 - 0x211
        .long DISK, SIZE        # ramdisk_image, ramdisk_size
        .incbin "vmlinuz", 0x220, 0x228 - 0x220
        .long PARAMS + 0x1000   # cmd_line_ptr
        .incbin "vmlinuz", 0x22c, 0x26c - 0x22c
        .org 0x2d0              # memory regions: address, length, kind
        .quad 0, 0x9fc00
        .long 1
        .quad 0x100000, MEMORY - 0x100000
        .long 1
        .org 0x1000
        .asciz "$line"
S
objcopy -O binary -j .text "$work/params.o" "$work/params.img"
place() { dd if="$1" of="$work/memory.img" bs=4096 seek=$((($2 - base) / 4096)) conv=notrunc status=none; }
place "$work/params.img" $params
place "$work/disk.img" $disk

# 4. The ROM, in place of a BIOS: 32-bit mode, then straight into the kernel.
as --32 --defsym BASE=$base --defsym PARAMS=$params --defsym END=$((disk + size)) -o "$work/rom.o" - <<'S'
        .set top, 0xffff0000    # where these 64 KiB are
        .code16
start:  cli
        lgdtl %cs:table
        mov %cr0, %eax
        or $1, %al
        mov %eax, %cr0
        ljmpl $0x10, $top + flat
        .code32
flat:   mov $0x18, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        # Bochs hands out its memory in blocks of 128 KiB as they are first used, but has laid the image
        # down in one piece: using the blocks in order puts each where it belongs.
        mov $BASE, %ecx
touch:  mov (%ecx), %eax
        add $0x20000, %ecx
        cmp $END, %ecx
        jb touch
        mov $PARAMS, %esi
        xor %ebx, %ebx
        xor %ebp, %ebp
        xor %edi, %edi
        mov $BASE, %eax
        jmp *%eax
        .balign 8
gdt:    .quad 0, 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
table:  .word table - gdt - 1
        .long top + gdt
        .org 0xfff0             # the processor starts here
        .code16
        jmp start
        .org 0x10000
S
objcopy -O binary -j .text "$work/rom.o" "$work/rom.img"

# 5. Run. Bochs wants a screen library (curses, unseen), and its debugger the command to go on. When time is
# up, an interrupt brings the debugger back, and `q` ends it with the output so far written out. How Bochs
# ends after the last program does not matter: it crashes now and then while it closes.
cat >"$work/bochsrc" <<B
config_interface: textconfig
display_library: term
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=$((memory >> 20)), host=$((memory >> 20))
romimage: file="$work/rom.img", address=0xffff0000
vgaromimage: file=/usr/share/vgabios/vgabios.bin
optramimage1: file="$work/memory.img", address=$base
pci: enabled=0
boot: floppy
clock: sync=none
com1: enabled=1, mode=file, dev="$work/serial"
log: "$work/log"
debugger_log: /dev/null
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
B
printf 'c\nq\n' >"$work/commands"
: >"$work/serial"
status=0
{ TERM=linux timeout --signal=INT --kill-after=20 "$limit" \
  bochs -f "$work/bochsrc" -rc "$work/commands" </dev/null >"$work/screen" 2>&1; } 2>/dev/null || status=$?
sed '1,/^@avx512 begin/d; /^@avx512 status/,$d' "$work/serial" | sed '${/^$/d}'
ended=$(sed -n 's/^@avx512 status //p' "$work/serial" | tr -d '\r')
if [ -n "$ended" ]; then exit "$ended"; fi
if [ "$status" = 124 ] || [ "$status" = 137 ]; then
  echo "avx512: not done after $limit s" >&2
  exit 124
fi
echo "avx512: the emulated computer broke off:" >&2
tail -5 "$work/serial" >&2
grep -aE 'PANIC|ERROR|exiting' -A 1 "$work/screen" >&2 || true
exit 4
