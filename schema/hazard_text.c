/* Words for the states, flags, levels and blocks, and the canonical bytes of a folded hazard. */
#include "schema/hazard.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sc_label unknown = {"unknown", "未知", "unknown"};

static const struct sc_label state_labels[] = {
    [SC_HS_REPORTED] = {"reported", "已上报", "reported"},
    [SC_HS_ACCEPTED] = {"accepted", "已受理", "accepted"},
    [SC_HS_ASSIGNED] = {"assigned", "已交办", "assigned"},
    [SC_HS_RECTIFYING] = {"rectifying", "整改中", "being rectified"},
    [SC_HS_FIX_CLAIMED] = {"fix-claimed", "待复查", "fix claimed, to be verified"},
    [SC_HS_CLOSED] = {"closed", "已销案", "closed"},
    [SC_HS_VOID] = {"void", "误报作废", "void: false report"},
};

/* By number of the bit. */
static const struct sc_label flag_labels[] = {
    {"emergency", "紧急", "emergency"},
    {"escalated", "已上报上级", "escalated"},
    {"transferred", "已移送", "transferred"},
    {"major", "疑似重大", "suspected major"},
    {"conflict", "有冲突", "conflict"},
    {"unconfirmed", "未核实", "unconfirmed"},
    {"recurrent", "复发", "recurrent"},
    {"pending", "记录未到齐", "entries missing"},
    {"overflow", "记录过多", "too many entries"},
    {"linked", "已归并", "linked"},
    {"unverified", "另有待核险情", "unverified danger held"},
};

static const struct sc_label block_labels[] = {
    {"no-clearance", "尚无人复查", "nobody has verified"},
    {"unseen-danger", "复查人未见到后来的险情", "a danger the verifier had not seen"},
    {"authority", "复查人权限不足", "verifier's level is too low"},
    {"second-person", "须由另一人复查", "needs a second person"},
    {"evidence", "缺少整改证据", "evidence is missing"},
    {"document", "缺少外部文号", "external document number is missing"},
    {"emergency-ack", "街道尚未确认紧急报告", "the street has not acknowledged the emergency"},
    {"uncertified", "复查人无有效上岗证", "verifier has no valid certificate"},
    {"pending", "相关记录未到齐", "entries it rests on have not arrived"},
    {"overflow", "记录过多, 本机不能销案", "too many entries to be closed here"},
};

static const struct sc_label level_labels[] = {
    [SC_LV_NONE] = {"none", "无", "none"},
    [SC_LV_OFFICER] = {"officer", "网格员", "grid officer"},
    [SC_LV_CHIEF] = {"chief", "网格长", "grid chief"},
    [SC_LV_VILLAGE] = {"village", "村(社区)", "village or community"},
    [SC_LV_STREET] = {"street", "街道", "street office"},
    [SC_LV_DISTRICT] = {"district", "区级部门", "district"},
};

static struct sc_label pick(const struct sc_label *table, size_t count, size_t i)
{
    return i < count && table[i].name != NULL ? table[i] : unknown;
}

static size_t bit_number(uint32_t bit)
{
    return bit != 0 && (bit & (bit - 1)) == 0 ? (size_t)__builtin_ctz(bit) : SIZE_MAX;
}

struct sc_label sc_hazard_state_label(enum sc_hazard_state s)
{
    return pick(state_labels, COUNT(state_labels), (size_t)s);
}

struct sc_label sc_hazard_flag_label(uint32_t bit)
{
    return pick(flag_labels, COUNT(flag_labels), bit_number(bit));
}

struct sc_label sc_hazard_block_label(uint32_t bit)
{
    return pick(block_labels, COUNT(block_labels), bit_number(bit));
}

struct sc_label sc_level_label(enum sc_level l)
{
    return pick(level_labels, COUNT(level_labels), (size_t)l);
}

static void put_text(struct sc_writer *w, struct cr_span s)
{
    if (s.n == 0)
        sc_write_nil(w);
    else
        sc_write_text(w, s);
}

static void put_id(struct sc_writer *w, bool has, const struct sc_id *id)
{
    if (has)
        sc_write_bin(w, cr_span_of(id->b, SC_ID_BYTES));
    else
        sc_write_nil(w);
}

static void put_display(struct sc_writer *w, const struct sc_hazard *h)
{
    sc_write_u64(w, h->grid);
    put_text(w, h->code);
    put_text(w, h->text);
    put_text(w, h->address);
    put_text(w, h->ext);
    put_id(w, h->has_place, &h->place);
    sc_write_bool(w, h->has_position);
    sc_write_i64(w, h->lat_e7);
    sc_write_i64(w, h->lon_e7);
    sc_write_u64(w, h->source);
    sc_write_u64(w, h->reported_ms);
    sc_write_u64(w, h->closed_ms);
    sc_write_u64(w, h->last_ms);
    sc_write_array(w, h->assignee_count);
    for (size_t i = 0; i < h->assignee_count; i++)
        sc_write_text(w, h->assignees[i]);
    sc_write_array(w, h->link_count);
    for (size_t i = 0; i < h->link_count; i++)
        put_id(w, true, &h->links[i]);
    put_id(w, true, &h->reporter);
}

int sc_hazard_encode(const struct sc_hazard *h, struct cr_buf *out)
{
    struct sc_writer w;
    sc_writer_init(&w, out);
    sc_write_array(&w, 27);
    sc_write_bool(&w, h->exists);
    sc_write_u64(&w, h->state);
    sc_write_u64(&w, h->flags);
    sc_write_u64(&w, h->blocks);
    sc_write_u64(&w, h->severity);
    sc_write_u64(&w, h->required);
    sc_write_u64(&w, h->escalated);
    sc_write_u64(&w, h->deadline_ms);
    sc_write_u64(&w, h->danger_count);
    sc_write_u64(&w, h->uncovered_count);
    sc_write_u64(&w, h->fact_count);
    put_display(&w, h);
    return w.status;
}
