/* Parts of the catalogue that the code beside it names. */
#ifndef SCHEMA_RECORD_TABLE_H
#define SCHEMA_RECORD_TABLE_H

#include "schema/record.h"

/* Keys of the certificate's body (cert.c). */
enum sc_key_cert {
    SC_K_CERT_SUBJECT = 32,
    SC_K_CERT_KX = 33,
    SC_K_CERT_RANK = 34,
    SC_K_CERT_ROLES = 35,
    SC_K_CERT_PREFIXES = 36,
    SC_K_CERT_FROM = 37,
    SC_K_CERT_TO = 38,
    SC_K_CERT_PERSON = 39,
    SC_K_CERT_POP = 40,
};

/* Keys of the bodies of cuts and adoptions (cut.c). */
enum sc_key_cut {
    SC_K_CUT_SUBJECT = 32,
    SC_K_CUT_MODE = 33,
    SC_K_CUT_INCARNATION = 34,
    SC_K_CUT_HEADS = 35,
    SC_K_CUT_DEPS = 36,
};
enum sc_key_adopt {
    SC_K_ADOPT_SUBJECT = 32,
    SC_K_ADOPT_SCOPE = 33,
    SC_K_ADOPT_INCARNATION = 34,
    SC_K_ADOPT_ENTRIES = 35,
};

/* Keys of a calendar's body (calendar.c). */
enum sc_key_calendar {
    SC_K_CALENDAR_YEAR = 32,
    SC_K_CALENDAR_OFF = 33,
    SC_K_CALENDAR_WORK = 34,
};

/* Keys of a due report's body (clock.c). */
enum sc_key_due {
    SC_K_DUE_RULE = 32,
    SC_K_DUE_BASE = 33,
};

/* Keys of a policy's body (policy_table.c). */
enum sc_key_policy {
    SC_K_POLICY_FROM = 32,
    SC_K_POLICY_ROLES = 33,
    SC_K_POLICY_NUMBER = 34,
    SC_K_POLICY_GIVER = 35,
    SC_K_POLICY_ZH = 36,
    SC_K_POLICY_EN = 37,
    SC_K_POLICY_ABBR = 38,
};

extern const struct sc_choice sc_choices_role[];       /* one bit each */
extern const struct sc_choice sc_choices_level[];      /* enum sc_level */
extern const struct sc_choice sc_choices_giver[];      /* enum sc_giver */
extern const struct sc_choice sc_choices_answer[];     /* results of a checklist item */
extern const struct sc_choice sc_choices_place_kind[]; /* as shipped */

#endif
