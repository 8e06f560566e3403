/* Measures C sources for the lint scripts: cmeter FILE... prints one line per finding, fields
 * separated by tabs:
 *
 *   L file lines                              the file and its number of lines
 *   I file line header                        an #include, with its quotes or angle brackets
 *   F file line lines name static|extern      a function definition, signature to closing brace
 *   T file line                               a typedef of a struct, union or enum
 *
 * It reads tokens, so that comments, strings and macros do not confuse it, and of an #if it follows
 * the first branch only, so that braces stay balanced. It knows C as we write it, not all of C:
 * functions that return function pointers get the wrong name. A file that ends inside a brace is an
 * error (exit 1), since nothing measured in it can be trusted. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 128
#define END        0
#define IDENT      'a' /* no punctuation is a letter */
#define TEXT       't' /* a string or character constant, or a number */

struct source {
    const char *file;
    const char *p; /* NUL-terminated */
    long line;
    bool line_start; /* nothing but blanks before p on this line */
};

struct token {
    int kind; /* END, IDENT, TEXT, or the punctuation itself */
    long line;
    char name[NAME_BYTES];
};

/* A declaration at the outermost level, as far as it has been read. */
struct decl {
    long line; /* 0: not begun */
    long depth, parens;
    bool is_static, is_typedef, has_value, is_function;
    char last[NAME_BYTES]; /* the identifier before, outside of parentheses */
    char name[NAME_BYTES]; /* "" until an identifier is followed by a parenthesis */
};

static void step(struct source *s)
{
    if (*s->p == '\n') {
        s->line++;
        s->line_start = true;
    } else if (!isspace((unsigned char)*s->p)) {
        s->line_start = false;
    }
    s->p++;
}

/* Steps over one comment or backslash-newline if there is one. */
static bool skip_comment(struct source *s)
{
    bool keep = s->line_start; /* a comment does not end the start of a line */

    if (s->p[0] == '/' && s->p[1] == '*') {
        s->p += 2;
        while (*s->p != '\0' && !(s->p[0] == '*' && s->p[1] == '/'))
            step(s);
        if (*s->p != '\0')
            s->p += 2;
        s->line_start = keep;
        return true;
    }
    if (s->p[0] == '/' && s->p[1] == '/') {
        while (*s->p != '\0' && *s->p != '\n')
            step(s);
        return true;
    }
    if (s->p[0] == '\\' && s->p[1] == '\n') {
        s->p += 2;
        s->line++;
        return true;
    }
    return false;
}

static void skip_quoted(struct source *s)
{
    char quote = *s->p;

    step(s);
    while (*s->p != '\0' && *s->p != quote && *s->p != '\n') {
        if (s->p[0] == '\\' && s->p[1] != '\0')
            step(s);
        step(s);
    }
    if (*s->p == quote)
        step(s);
}

static void read_word(struct source *s, char word[static NAME_BYTES])
{
    size_t n = 0;

    while (isalnum((unsigned char)*s->p) || *s->p == '_') {
        if (n + 1 < NAME_BYTES)
            word[n++] = *s->p;
        step(s);
    }
    word[n] = '\0';
}

static void skip_blanks(struct source *s)
{
    while (*s->p == ' ' || *s->p == '\t' || skip_comment(s)) {
        if (*s->p == ' ' || *s->p == '\t')
            step(s);
    }
}

static void print_include(const struct source *s)
{
    size_t n = strcspn(s->p + 1, "\">\n");

    if (*s->p == '"' || *s->p == '<')
        (void)printf("I\t%s\t%ld\t%.*s\n", s->file, s->line, (int)(n + 2), s->p);
}

/* At '#': reads the directive's name and steps over its line. */
static void read_directive(struct source *s, char name[static NAME_BYTES], bool report)
{
    step(s);
    skip_blanks(s);
    read_word(s, name);
    skip_blanks(s);
    if (report && strcmp(name, "include") == 0)
        print_include(s);
    while (*s->p != '\0' && *s->p != '\n') {
        if (skip_comment(s))
            continue;
        if (*s->p == '"')
            skip_quoted(s);
        else
            step(s);
    }
}

/* Behind an #else or #elif whose first branch was read: steps behind the matching #endif. Includes
 * in the branches that are not read are reported all the same. */
static void skip_branches(struct source *s)
{
    char name[NAME_BYTES];
    int nested = 0;

    while (*s->p != '\0') {
        if (skip_comment(s))
            continue;
        if (*s->p == '"' || *s->p == '\'') {
            skip_quoted(s);
        } else if (*s->p == '#' && s->line_start) {
            read_directive(s, name, true);
            if (strncmp(name, "if", 2) == 0)
                nested++;
            else if (strcmp(name, "endif") == 0 && nested-- == 0)
                return;
        } else {
            step(s);
        }
    }
}

static void read_token(struct source *s, struct token *t)
{
    char name[NAME_BYTES];

    for (;;) {
        if (skip_comment(s))
            continue;
        if (*s->p == '#' && s->line_start) {
            read_directive(s, name, true);
            if (strcmp(name, "else") == 0 || strcmp(name, "elif") == 0)
                skip_branches(s);
        } else if (isspace((unsigned char)*s->p)) {
            step(s);
        } else {
            break;
        }
    }
    t->line = s->line;
    t->kind = (unsigned char)*s->p;
    if (*s->p == '"' || *s->p == '\'') {
        t->kind = TEXT;
        skip_quoted(s);
    } else if (isalnum((unsigned char)*s->p) || *s->p == '_') {
        t->kind = isdigit((unsigned char)*s->p) ? TEXT : IDENT;
        read_word(s, t->name);
    } else if (*s->p != '\0') {
        step(s);
    }
}

static void take_word(const struct source *s, struct decl *d, const struct token *t)
{
    bool aggregate = strcmp(t->name, "struct") == 0 || strcmp(t->name, "union") == 0 ||
                     strcmp(t->name, "enum") == 0;

    if (d->is_typedef && aggregate && strcmp(d->last, "typedef") == 0)
        (void)printf("T\t%s\t%ld\n", s->file, t->line);
    if (strcmp(t->name, "static") == 0)
        d->is_static = true;
    if (strcmp(t->name, "typedef") == 0)
        d->is_typedef = true;
    if (d->parens == 0)
        memcpy(d->last, t->name, sizeof d->last);
}

/* A token outside of all braces. */
static void take_outer(const struct source *s, struct decl *d, const struct token *t)
{
    if (d->line == 0)
        d->line = t->line;
    if (t->kind == IDENT) {
        take_word(s, d, t);
    } else if (t->kind == '(') {
        bool attribute = strncmp(d->last, "__attribute", 11) == 0;
        if (d->parens++ == 0 && d->name[0] == '\0' && !attribute)
            memcpy(d->name, d->last, sizeof d->name);
    } else if (t->kind == ')') {
        d->parens--;
    } else if (t->kind == '=' && d->parens == 0) {
        d->has_value = true;
    } else if (t->kind == ';' && d->parens == 0) {
        *d = (struct decl){0};
    } else if (t->kind == '{') {
        d->is_function = d->name[0] != '\0' && !d->has_value && d->parens == 0;
        d->depth = 1;
    }
}

static void take_inner(const struct source *s, struct decl *d, const struct token *t)
{
    if (t->kind == '{')
        d->depth++;
    if (t->kind != '}' || --d->depth > 0 || !d->is_function)
        return;
    (void)printf("F\t%s\t%ld\t%ld\t%s\t%s\n", s->file, d->line, t->line - d->line + 1, d->name,
                 d->is_static ? "static" : "extern");
    *d = (struct decl){0};
}

static int measure(const char *file, const char *text)
{
    struct source s = {file, text, 1, true};
    struct decl d = {0};
    struct token t = {0};

    for (read_token(&s, &t); t.kind != END; read_token(&s, &t)) {
        if (d.depth == 0)
            take_outer(&s, &d, &t);
        else
            take_inner(&s, &d, &t);
    }
    (void)printf("L\t%s\t%ld\n", file, s.line - 1);
    if (d.depth == 0)
        return 0;
    (void)fprintf(stderr, "%s:%ld: a brace is never closed\n", file, d.line);
    return 1;
}

/* The whole file as a string the caller frees, or NULL. */
static char *read_file(const char *file)
{
    FILE *f = fopen(file, "rb");
    char *text = NULL;
    size_t n = 0, room = 0;

    if (f == NULL)
        return NULL;
    do {
        char *more = realloc(text, room + 65536);
        if (more == NULL)
            break;
        text = more;
        room += 65536;
        n += fread(text + n, 1, room - n - 1, f);
        text[n] = '\0';
    } while (n == room - 1);
    (void)fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    int failures = 0;

    for (int i = 1; i < argc; i++) {
        char *text = read_file(argv[i]);
        if (text == NULL) {
            (void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
            failures++;
            continue;
        }
        failures += measure(argv[i], text);
        free(text);
    }
    return failures == 0 ? 0 : 1;
}
