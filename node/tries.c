#include "node/tries.h"

#include "crypto/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC      "FST1"
#define FILE_BYTES 40

struct counter {
    uint32_t attempts;
    struct nd_tries_now at;
};

static uint64_t clock_ms(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* 32 hex digits and dashes; what cannot be read is all zeros, a boot like any other. */
static void boot_id(uint8_t out[static ND_TRIES_BOOT_BYTES])
{
    char text[64], hex[2 * ND_TRIES_BOOT_BYTES];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
    size_t n = 0;

    if (fd >= 0)
        (void)close(fd);
    memset(out, 0, ND_TRIES_BOOT_BYTES);
    for (ssize_t i = 0; i < got && n < sizeof hex; i++)
        if (text[i] != '-')
            hex[n++] = text[i];
    if (n < sizeof hex || cr_unhex(hex, sizeof hex, out, ND_TRIES_BOOT_BYTES) != ST_OK)
        memset(out, 0, ND_TRIES_BOOT_BYTES);
}

void nd_tries_now(struct nd_tries_now *out)
{
    out->wall_ms = clock_ms(CLOCK_REALTIME);
#ifdef CLOCK_BOOTTIME
    out->up_ms = clock_ms(CLOCK_BOOTTIME);
#else
    out->up_ms = clock_ms(CLOCK_MONOTONIC);
#endif
    boot_id(out->boot);
}

uint64_t nd_tries_wait_ms(uint32_t attempts)
{
    uint32_t beyond = attempts < ND_TRIES_FREE ? 0 : attempts - ND_TRIES_FREE;

    if (attempts < ND_TRIES_FREE)
        return 0;
    return beyond >= 6 ? ND_TRIES_WAIT_MS_MAX : UINT64_C(60000) << beyond;
}

static uint64_t passed_ms(const struct nd_tries_now *then, const struct nd_tries_now *now)
{
    uint64_t wall = now->wall_ms > then->wall_ms ? now->wall_ms - then->wall_ms : 0;

    if (memcmp(then->boot, now->boot, sizeof now->boot) == 0 && now->up_ms >= then->up_ms)
        return now->up_ms - then->up_ms;
    return wall > now->up_ms ? wall : now->up_ms;
}

static int tries_path(const char *key_path, char out[static PATH_MAX], struct st_err *err)
{
    return snprintf(out, PATH_MAX, "%s.tries", key_path) < PATH_MAX
               ? ST_OK
               : st_fail(err, ST_RANGE, "key path is too long");
}

static int read_counter(const char *path, const struct nd_tries_now *now, struct counter *c,
                        struct st_err *err)
{
    uint8_t file[FILE_BYTES + 1];
    bool others; /* a stick without modes will do */
    size_t n = 0;
    int rc = cr_file_read(path, file, sizeof file, &n, &others, err);

    *c = (struct counter){.at = *now};
    if (rc == ST_NOTFOUND) {
        if (err != NULL)
            *err = (struct st_err){0};
        return ST_OK;
    }
    if (rc != ST_OK)
        return rc;
    if (n != FILE_BYTES || memcmp(file, MAGIC, 4) != 0) {
        c->attempts = ND_TRIES_FREE;
        return ST_OK;
    }
    c->attempts = cr_load_be32(file + 4);
    c->at.wall_ms = cr_load_be64(file + 8);
    c->at.up_ms = cr_load_be64(file + 16);
    memcpy(c->at.boot, file + 24, sizeof c->at.boot);
    return ST_OK;
}

static int write_counter(const char *path, const struct counter *c, struct st_err *err)
{
    uint8_t file[FILE_BYTES];

    memcpy(file, MAGIC, 4);
    cr_store_be32(file + 4, c->attempts);
    cr_store_be64(file + 8, c->at.wall_ms);
    cr_store_be64(file + 16, c->at.up_ms);
    memcpy(file + 24, c->at.boot, sizeof c->at.boot);
    return cr_file_replace(path, cr_span_of(file, sizeof file), err);
}

static void standing(const struct counter *c, const struct nd_tries_now *now, struct nd_tries *out)
{
    uint64_t wait = nd_tries_wait_ms(c->attempts), passed = passed_ms(&c->at, now);

    out->attempts = c->attempts;
    out->left_ms = wait > passed ? wait - passed : 0;
}

int nd_tries_look(const char *key_path, const struct nd_tries_now *now, struct nd_tries *out,
                  struct st_err *err)
{
    char path[PATH_MAX];
    struct counter c;
    int rc = tries_path(key_path, path, err);

    if (rc == ST_OK)
        rc = read_counter(path, now, &c, err);
    if (rc == ST_OK)
        standing(&c, now, out);
    return rc;
}

/* A protected stick can neither count nor be worn down. */
static int unless_readonly(int rc, struct st_err *err)
{
    if (rc != ST_READONLY)
        return rc;
    if (err != NULL)
        *err = (struct st_err){0};
    return ST_OK;
}

int nd_tries_charge(const char *key_path, const struct nd_tries_now *now, struct nd_tries *out,
                    struct st_err *err)
{
    char path[PATH_MAX];
    struct counter c;
    int rc = tries_path(key_path, path, err);

    if (rc == ST_OK)
        rc = read_counter(path, now, &c, err);
    if (rc != ST_OK)
        return rc;
    standing(&c, now, out);
    if (out->left_ms > 0) {
        /* also when the counter was damaged: from now on its wait runs out */
        rc = c.at.up_ms == now->up_ms ? unless_readonly(write_counter(path, &c, err), err) : ST_OK;
        return rc != ST_OK ? rc
                           : st_fail(err, ST_WAIT, "%u wrong attempts: wait %llu s", c.attempts,
                                     (unsigned long long)(out->left_ms + 999) / 1000);
    }
    out->attempts_before = c.attempts;
    out->at_before = c.at;
    c.attempts += c.attempts < UINT32_MAX ? 1 : 0;
    c.at = *now;
    out->attempts = c.attempts;
    return unless_readonly(write_counter(path, &c, err), err);
}

int nd_tries_refund(const char *key_path, const struct nd_tries *charged, struct st_err *err)
{
    struct counter c = {.attempts = charged->attempts_before, .at = charged->at_before};
    char path[PATH_MAX];
    int rc = tries_path(key_path, path, err);

    if (rc != ST_OK)
        return rc;
    return unless_readonly(
        c.attempts == 0 ? cr_file_remove(path, err) : write_counter(path, &c, err), err);
}

int nd_tries_forgive(const char *key_path, struct st_err *err)
{
    char path[PATH_MAX];
    int rc = tries_path(key_path, path, err);

    return rc == ST_OK ? unless_readonly(cr_file_remove(path, err), err) : rc;
}
