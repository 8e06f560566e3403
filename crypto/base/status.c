#include "crypto/base/status.h"

#include "crypto/base/assert.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *st_name(enum st_code code)
{
    switch (code) {
#define ST_NAME_(name, value, text) \
    case name: return #name;
        ST_MAP(ST_NAME_)
#undef ST_NAME_
    }
    return "ST_UNKNOWN";
}

const char *st_text(enum st_code code)
{
    switch (code) {
#define ST_TEXT_(name, value, text) \
    case name: return text;
        ST_MAP(ST_TEXT_)
#undef ST_TEXT_
    }
    return "unknown failure";
}

/* Bytes a UTF-8 sequence needs by its first byte; 1 for what is not a first byte. */
static size_t sequence_bytes(unsigned char first)
{
    if (first >= 0xf0)
        return 4;
    if (first >= 0xe0)
        return 3;
    return first >= 0xc0 ? 2 : 1;
}

/* Removes a character whose last bytes were cut off at the end of text. */
static void drop_partial_character(char *text)
{
    size_t n = strlen(text);
    size_t back = 0;

    while (back < 3 && back < n && ((unsigned char)text[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back < n && sequence_bytes((unsigned char)text[n - 1 - back]) > back + 1)
        text[n - 1 - back] = '\0';
}

static void format(char out[static ST_MSG_MAX], const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Formats into out, cut at a character boundary. */
static void format(char out[static ST_MSG_MAX], const char *fmt, va_list args)
{
    int need = vsnprintf(out, ST_MSG_MAX, fmt, args);

    if (need < 0)
        out[0] = '\0';
    else if (need >= ST_MSG_MAX)
        drop_partial_character(out);
}

int st_vfail(struct st_err *err, enum st_code code, const char *fmt, va_list args)
{
    char text[ST_MSG_MAX]; /* an argument may point into err->msg */

    CR_ASSERT(code != ST_OK);
    CR_ASSERT(fmt != NULL);
    if (err == NULL)
        return (int)code;
    format(text, fmt, args);
    err->code = code;
    memcpy(err->msg, text, sizeof text);
    return (int)code;
}

int st_fail(struct st_err *err, enum st_code code, const char *fmt, ...)
{
    va_list args;
    int rc;

    va_start(args, fmt);
    rc = st_vfail(err, code, fmt, args);
    va_end(args);
    return rc;
}

int st_wrap(struct st_err *err, int code, const char *fmt, ...)
{
    char text[ST_MSG_MAX];
    size_t text_bytes, room, inner_bytes;
    va_list args;

    CR_ASSERT(code != ST_OK);
    CR_ASSERT(fmt != NULL);
    if (err == NULL)
        return code;
    if (err->code == ST_OK)
        (void)st_fail(err, (enum st_code)code, "%s", st_text((enum st_code)code));
    va_start(args, fmt);
    format(text, fmt, args);
    va_end(args);
    /* Append ": " and as much of the inner message as fits. */
    text_bytes = strlen(text);
    room = sizeof text - 1 - text_bytes;
    inner_bytes = strlen(err->msg);
    if (room > 2) {
        memcpy(text + text_bytes, ": ", 2);
        room -= 2;
        if (inner_bytes <= room)
            room = inner_bytes;
        memcpy(text + text_bytes + 2, err->msg, room);
        text[text_bytes + 2 + room] = '\0';
        if (room < inner_bytes)
            drop_partial_character(text);
    }
    memcpy(err->msg, text, sizeof text);
    return (int)err->code;
}
