/* Why an entry does not count, in words: by its log (authority.h) or by its author's roles. One
 * table for the page, the command line and JSON. */
#ifndef SCHEMA_WHY_H
#define SCHEMA_WHY_H

#include "schema/authority.h"
#include "schema/hazard.h"

enum sc_why {
    SC_WHY_COUNTS,
    /* by roles */
    SC_WHY_UNCERTIFIED, /* no accepted certificate */
    SC_WHY_GRID,        /* its certificates are for other grids */
    SC_WHY_WINDOW,      /* they were not valid at that time */
    SC_WHY_ROLE,        /* none of its roles may write this */
    SC_WHY_GIVER,       /* one that may was given by who may not give it */
    /* by its log */
    SC_WHY_FORK,
    SC_WHY_CUT,
    SC_WHY_AWAITED,
    SC_WHY_RETIRED,
    /* by what it says */
    SC_WHY_SCOPE,      /* stands in a scope where such records do not live */
    SC_WHY_QUARANTINE, /* breaks the catalogue; the store keeps how */
    SC_WHY_SUITE,      /* of a suite that this program does not know: opaque until an upgrade */
    SC_WHY_END
};
struct sc_label sc_why_label(enum sc_why why); /* never NULL texts */
/* What stands before the reason: "无权销案", "无权填写", "不计入". rec: of the entry, NULL when
 * not known. */
struct sc_label sc_why_title(enum sc_why why, const struct sc_record *rec);
/* SC_WHY_COUNTS, or the standing's reason. */
enum sc_why sc_why_standing(enum sc_standing standing);
/* Why the fact's author may not write it, by its roles, and if it has none by none (what
 * sc_certs_no_roles says of the fact's time and grids). rec is the record of f->type. */
enum sc_why sc_why_roles(const struct sc_fact *f, const struct sc_record *rec,
                         enum sc_no_roles none);

#endif
