/* What goes out and what comes back: documents and their acknowledgement, receipts of notices,
 * opinions and complaints, and what is put up on walls. */
#include "schema/record_rows.h"

static const struct sc_choice doc_kinds[] = {
    {1, "rules", "实施细则", "Detail rules"},
    {2, "system", "工作制度", "Working rules"},
    {3, "plan", "工作方案", "Plan"},
    {4, "pledge", "责任书", "Pledge"},
    {5, "convention", "防火安全公约", "Fire-safety convention"},
    {6, "map", "网格划分图", "Map of the grids"},
    {7, "other", "其他", "Other"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice receipt_kinds[] = {
    {1, "received", "已收到", "Received"},
    {2, "read", "已阅", "Read"},
    {3, "passed-on", "已传达", "Passed on"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice opinion_sources[] = {
    {1, "listening", "下访听取", "Listening visit"},
    {2, "visit", "走访巡查", "Visit"},
    {3, "phone", "监督电话", "Telephone"},
    {4, "letter", "来信来访", "Letter or call in person"},
    {5, "online", "网络平台", "Online"},
    {6, "meeting", "会议", "Meeting"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice opinion_kinds[] = {
    {1, "facility", "消防设施", "Fire facilities"},
    {2, "passage", "通道与车棚", "Passages and sheds"},
    {3, "electric", "用电用气", "Electricity and gas"},
    {4, "service", "网格服务", "Service of the grid"},
    {5, "planning", "规划建设", "Planning"},
    {6, "other", "其他", "Other"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice satisfactions[] = {
    {1, "yes", "满意", "Satisfied"},
    {2, "no", "不满意", "Not satisfied"},
    {3, "none", "未评价", "Not said"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice complaint_kinds[] = {
    {1, "attitude", "服务态度", "Attitude"},
    {2, "absent", "不履职", "Duty not done"},
    {3, "false-record", "虚假记录", "False record"},
    {4, "gain", "以权谋私", "Private gain"},
    {5, "other", "其他", "Other"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice board_kinds[] = {
    {1, "duty-sign", "服务指示牌", "Service sign"},
    {2, "area-map", "区域管理图", "Map of the area"},
    {3, "plan-map", "区域平面图", "Plan of the village"},
    {4, "division-map", "网格划分图", "Map of the division"},
    {5, "board", "宣传栏", "Notice board"},
    {0, NULL, NULL, NULL},
};

static const struct sc_field policy_doc_fields[] = {
    TITLE_(FILL),
    TEXT_(0, "摘要"),
    EXT_,
    WHEN_(REQ, "印发日期", "Issued"),
    DUE_(0, "签收期限", "To be acknowledged by"),
    STR_(SC_K_DOC, FILL, 128, "doc", "文号", "Document number"),
    STR_(32, FILL, 128, "issuer", "发文单位", "Issuer"),
    BYTES_(33, 0, CR_HASH_BYTES, "hash", "文件校验值", "Hash of the file"),
    GRIDS_(34, 0, 64, "grids", "收文单位", "Addressees"),
    STRS_(35, 0, 16, "files", "附件", "Files"),
};

static const struct sc_field doc_ack_fields[] = {
    GRID_(REQ),
    NOTE_,
    ID_(32, REQ, "document", "文件", "Document", sc_to_policy_doc),
    ENUM_(33, REQ, "ack", "签收情况", "Acknowledgement", receipt_kinds),
};

static const struct sc_field doc_file_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(0, "摘要"),
    EXT_,
    WHEN_(REQ, "日期", "Date"),
    DOC_,
    KIND_(REQ, "文件类别", "Kind", doc_kinds),
    ID_(32, 0, "document", "依据的文件", "Document it carries out", sc_to_policy_doc),
    BYTES_(33, 0, CR_HASH_BYTES, "hash", "文件校验值", "Hash of the file"),
    STRS_(34, 0, 16, "files", "附件", "Files"),
};

static const struct sc_field notice_receipt_fields[] = {
    GRID_(REQ),
    NOTE_,
    ID_(32, REQ, "notice", "通知", "Notice", sc_to_notice),
    ENUM_(33, REQ, "receipt", "回执", "Receipt", receipt_kinds),
    U64_(34, 0, 1000000, "households", "传达户数", "Households told", NULL),
};

static const struct sc_field opinion_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "意见建议"),
    PLACE_(0),
    ENUM_(SC_K_SOURCE, REQ, "source", "来源", "Source", opinion_sources),
    ADDRESS_,
    EXT_,
    WHEN_(REQ, "收到时间", "Received"),
    DUE_(0, "办理期限", "To be answered by"),
    KIND_(0, "类别", "Kind", opinion_kinds),
    HAZARD_(0),
    STATE_(0, sc_choices_handled),
    STR_(32, PII, 128, "citizen", "反映人", "Citizen"),
    STR_(33, 0, 128, "department", "转办部门", "Passed to department"),
    TIME_(34, 0, "routed", "转办时间", "Passed on"),
    STR_(35, 0, SC_TEXT_MAX, "reply", "答复内容", "Reply"),
    TIME_(36, 0, "replied", "答复时间", "Replied"),
    ENUM_(37, 0, "satisfaction", "满意度", "Satisfaction", satisfactions),
    STR_(38, 0, 512, "assistance", "协助情况", "Help given"),
};

static const struct sc_field complaint_fields[] = {
    GRID_(0),
    TEXT_(FILL | PII, "投诉内容"),
    ENUM_(SC_K_SOURCE, REQ, "source", "来源", "Source", opinion_sources),
    EXT_,
    WHEN_(REQ, "收到时间", "Received"),
    DUE_(0, "办理期限", "To be answered by"),
    KIND_(REQ, "类别", "Kind", complaint_kinds),
    STATE_(0, sc_choices_handled),
    STR_(32, PII, 128, "citizen", "投诉人", "Citizen"),
    STR_(33, PII, 128, "about", "被投诉人", "Person complained of"),
    STR_(34, PII, SC_TEXT_MAX, "finding", "核实情况", "Finding"),
    STR_(35, PII, SC_TEXT_MAX, "reply", "答复内容", "Reply"),
    TIME_(36, 0, "replied", "答复时间", "Replied"),
    ENUM_(37, 0, "satisfaction", "满意度", "Satisfaction", satisfactions),
};

static const struct sc_field board_fields[] = {
    GRID_(REQ),
    NOTE_,
    ADDRESS_,
    LAT_,
    LON_,
    CRS_,
    EXT_,
    SET_(REQ),
    EVIDENCE_,
    KIND_(REQ, "类别", "Kind", board_kinds),
    POSTED_,
    STR_(32, 0, 128, "officer", "公示姓名", "Name shown"),
    STR_(33, 0, 32, "phone", "公示工作电话", "Work phone shown"),
    STR_(34, 0, 32, "hotline", "监督电话", "Supervision phone"),
    BYTES_(35, 0, CR_HASH_BYTES, "hash", "内容校验值", "Hash of the content"),
    SEEN_,
};

static const struct sc_field poster_fields[] = {
    GRID_(REQ), STR_(SC_K_NAME, FILL, SC_NAME_MAX, "name", "宣传品", "Poster"),
    NOTE_,      PLACE_(0),
    ADDRESS_,   EXT_,
    SET_(REQ),  EVIDENCE_,
    POSTED_,    U64_(32, 0, 10000, "copies", "份数", "Copies", NULL),
    SEEN_,
};

static const struct sc_field contact_card_fields[] = {
    GRID_(REQ),
    NOTE_,
    SHOP_(REQ),
    EXT_,
    SET_(REQ),
    POSTED_,
    STR_(32, FILL, 128, "officer", "网格员", "Officer"),
    STR_(33, FILL, 32, "phone", "工作电话", "Work phone"),
    BOOL_(34, 0, "qr", "带二维码", "With a QR code"),
    SEEN_,
};

static const struct sc_field building_notice_fields[] = {
    GRID_(REQ),
    STR_(SC_K_NAME, 0, SC_NAME_MAX, "name", "单元", "Unit"),
    NOTE_,
    ID_(SC_K_PLACE, REQ, "place", "楼栋", "Building", sc_to_building),
    EXT_,
    SET_(REQ),
    EVIDENCE_,
    POSTED_,
    STR_(32, FILL, 128, "officer", "公示姓名", "Name shown"),
    STR_(33, FILL, 32, "phone", "公示工作电话", "Work phone shown"),
    STRS_(34, 0, 16, "duties", "公示职责", "Duties shown"),
    BOOL_(35, 0, "photo", "公示照片", "Photo shown"),
    SEEN_,
};

const struct sc_record sc_row_policy_doc = {
    LWW(SC_R_POLICY_DOC, 1, SC_IN_PUBLIC, SC_ROLE_STREET, policy_doc_fields),
    NAMES("policy-doc", "街道文件", "Document of the street")};
const struct sc_record sc_row_doc_ack = {
    ONCE(SC_R_DOC_ACK, 1, SC_IN_AREA, ROLES_OCVS, doc_ack_fields),
    NAMES("doc-ack", "文件签收", "Acknowledged document")};
const struct sc_record sc_row_doc_file = {
    LWW(SC_R_DOC_FILE, 1, SC_IN_AREA, ROLES_VS, doc_file_fields),
    NAMES("doc-file", "村（社区）文件备案", "Document filed")};
const struct sc_record sc_row_notice_receipt = {
    ONCE(SC_R_NOTICE_RECEIPT, 1, SC_IN_AREA, ROLES_OCVS, notice_receipt_fields),
    NAMES("notice-receipt", "通知回执", "Receipt of a notice")};
const struct sc_record sc_row_opinion = {
    LWW(SC_R_OPINION, 1, SC_IN_VILLAGE, ROLES_OCVS | SC_ROLE_PUBLIC, opinion_fields),
    NAMES("opinion", "意见建议", "Opinion")};
const struct sc_record sc_row_complaint = {
    LWW(SC_R_COMPLAINT, 1, SC_IN_INTERNAL, SC_ROLE_STREET, complaint_fields),
    NAMES("complaint", "服务投诉", "Complaint about service")};
const struct sc_record sc_row_board = {LWW(SC_R_BOARD, 1, SC_IN_AREA, ROLES_OCVS, board_fields),
                                       NAMES("board", "公示牌", "Board")};
const struct sc_record sc_row_poster = {
    LWW(SC_R_POSTER, 1, SC_IN_VILLAGE, ROLES_OCVS, poster_fields),
    NAMES("poster", "宣传品张贴", "Poster put up")};
const struct sc_record sc_row_contact_card = {
    LWW(SC_R_CONTACT_CARD, 1, SC_IN_VILLAGE, ROLES_OCVS, contact_card_fields),
    NAMES("contact-card", "服务联系卡", "Contact card")};
const struct sc_record sc_row_building_notice = {
    LWW(SC_R_BUILDING_NOTICE, 1, SC_IN_VILLAGE, ROLES_OCVS, building_notice_fields),
    NAMES("building-notice", "楼栋公示", "Notice in a building")};
