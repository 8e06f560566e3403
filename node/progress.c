#include "node/progress.h"

#include <stdio.h>
#include <time.h>

#define EVERY_MS 100

static uint64_t now_ms(void)
{
    struct timespec t = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void nd_progress_start(struct nd_progress *p, struct nd_cmd *c, const char *zh, const char *en)
{
    *p = (struct nd_progress){.c = c, .zh = zh, .en = en, .started_ms = now_ms()};
}

/* "1.3 MB" */
static void size_text(uint64_t bytes, char out[static 24])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double v = (double)bytes;
    size_t u = 0;

    while (v >= 1000 && u + 1 < sizeof units / sizeof units[0]) {
        v /= 1000;
        u++;
    }
    (void)snprintf(out, 24, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

void nd_progress_at(struct nd_progress *p, uint64_t done, uint64_t total)
{
    uint64_t now, spent, left = 0;
    char size[24], rate[24];

    if (!p->c->tty || p->c->json)
        return;
    now = now_ms();
    if (p->shown && now - p->shown_ms < EVERY_MS && done != total)
        return;
    p->shown = true;
    p->shown_ms = now;
    spent = now - p->started_ms;
    size_text(done, size);
    size_text(spent == 0 ? 0 : done * 1000 / spent, rate);
    if (done > 0 && total > done)
        left = (uint64_t)((double)spent * (double)(total - done) / (double)done / 1000.0);
    if (total > 0)
        nd_say(p->c,
               nd_tr(p->c, "\r%s %3u%%  %s  %s/s  剩余 %llu:%02llu \033[K",
                     "\r%s %3u%%  %s  %s/s  %llu:%02llu left \033[K"),
               nd_tr(p->c, p->zh, p->en),
               (unsigned)(done >= total ? 100 : (double)done * 100.0 / (double)total), size, rate,
               (unsigned long long)(left / 60), (unsigned long long)(left % 60));
    else
        nd_say(p->c, "\r%s  %s  %s/s \033[K", nd_tr(p->c, p->zh, p->en), size, rate);
}

void nd_progress_end(struct nd_progress *p)
{
    if (p->shown)
        nd_say(p->c, "\n");
    p->shown = false;
}
