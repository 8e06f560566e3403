/* The table of verbs: words, options, what is said of them in both languages, and their handlers.
 */
#include "node/cmd_record.h"

static const struct nd_opt init_opts[] = {
    {"name", "TEXT", "街道名称", "name of the street"},
    {"street", "CODE", "街道 9 位统计代码", "9-digit statistics code of the street"},
    {"grids", "FILE", "村（社区）名单，每行 代码,名称", "villages, a line each: CODE,NAME"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt invite_opts[] = {
    {"grid", "CODE", "对方负责的网格", "grid the other node will be in charge of"},
    {"role", "ROLES", "角色，默认 village", "its roles, default village"},
    {"expires", "TIME", "有效期，如 7d、12h，默认 7d",
     "how long it is good, as 7d, 12h; default 7d"},
    {"addr", "HOST:PORT", "本节点地址，可重复", "address of this node; may be repeated"},
    {"file", "FILE", "写入文件而不是屏幕", "write it to a file"},
    {"qr", NULL, "同时显示二维码", "draw it as a QR code, too"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt invite_answer_opts[] = {
    {"out", "FILE", "答复文件（也可写 -o）", "the answer (also -o)"},
    {"role", "ROLES", "角色，默认按邀请或申请", "its roles; default: as invited or wished"},
    {"grid", "CODE", "网格，可重复", "grid; may be repeated"},
    {"from", "DATE", "生效日期", "valid from"},
    {"to", "DATE", "失效日期", "valid to"},
    {"addr", "HOST:PORT", "本节点地址，可重复", "address of this node; may be repeated"},
    {"yes", NULL, "已核对，不再询问", "compared: do not ask"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt cert_answer_opts[] = {
    {"role", "ROLES", "角色，默认按申请", "roles; default: as wished"},
    {"grid", "CODE", "管辖网格，可重复", "grid; may be repeated"},
    {"from", "DATE", "生效日期", "valid from"},
    {"to", "DATE", "失效日期", "valid to"},
    {"as", "KEY", "签发所用的钥匙", "key to sign with"},
    {"yes", NULL, "已核对，不再询问", "compared: do not ask"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_request_opts[] = {
    {"out", "FILE", "申请文件（也可写 -o）", "the request (also -o)"},
    {"name", "TEXT", "姓名，默认用钥匙名", "the person's name, default the key's"},
    {"role", "ROLES", "希望的角色", "roles wished for"},
    {"grid", "CODE", "希望的网格，可重复", "grid wished for; may be repeated"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt proof_export_opts[] = {
    {"out", "FILE", "证明文件（也可写 -o）", "the proof (also -o)"},
    {"entry", "ID", "只要这一条经过", "only this entry of the record"},
    {"held", NULL, "连同因吊销而不计入的经过", "also what a revocation does not let count"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt proof_check_opts[] = {
    {"root", "DIGITS", "街道指纹，不符则拒绝", "the street's fingerprint, checked"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt join_opts[] = {
    {"name", "TEXT", "本节点名称", "name of this node"},
    {"request", "FILE", "无网络：写申请文件", "without a network: write a request"},
    {"answer", "FILE", "无网络：凭答复文件加入", "without a network: join by the answer to it"},
    {"role", "ROLES", "申请时希望的角色", "roles wished for in the request"},
    {"grid", "CODE", "申请时希望的网格，可重复", "grid wished for in the request; may be repeated"},
    {"space", "DIGITS", "街道指纹，不符则拒绝", "the street's fingerprint, checked"},
    {"yes", NULL, "已核对，不再询问", "compared: do not ask"},
    {"timeout", "TIME", "最多等待，默认 30s", "give up after, default 30s"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt run_opts[] = {
    {"listen", "ADDR:PORT", "监听地址，默认 0.0.0.0:7119", "where to listen, default 0.0.0.0:7119"},
    {"http", "ADDR:PORT|off", "页面地址，默认 127.0.0.1:8686",
     "where the page is served, default 127.0.0.1:8686"},
    {"http-lan", NULL, "允许局域网内的手机和电脑打开页面",
     "let phones and computers of the LAN open the page"},
    {"setup", NULL, "此处还没有节点时，在页面上建立",
     "when there is no node here yet, make one on the page"},
    {"log", "LEVEL", "日志级别 error|warning|info|debug",
     "how much to log: error|warning|info|debug"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt sync_opts[] = {
    {"peer", "NAME", "只与此节点", "with this peer only"},
    {"timeout", "TIME", "最多等待，默认 60s", "give up after, default 60s"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt peer_add_opts[] = {
    {"kx", "HEX", "对方通信公钥（名字不唯一时）",
     "the peer's exchange key, when its name is not enough"},
    {"name", "TEXT", "对方证书上的名称", "the name in the peer's certificate"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt grid_add_opts[] = {{"synthetic", NULL, "示例数据", "made-up data"},
                                              {"as", "KEY", "签名所用的钥匙", "key to sign with"},
                                              {NULL, NULL, NULL, NULL}};
static const struct nd_opt grid_list_opts[] = {
    {"grid", "CODE", "只看此网格之下", "only below this grid"},
    {"level", "1|2|3", "到第几级", "down to this level"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt cert_issue_opts[] = {
    {"key", "NAME", "钥匙名（见 key new）", "name of the key (see key new)"},
    {"name", "TEXT", "姓名", "the person's name"},
    {"role", "ROLES", "角色，如 officer 或 chief,officer", "roles, as officer or chief,officer"},
    {"grid", "CODE", "管辖网格，可重复", "grid; may be repeated"},
    {"from", "DATE", "生效日期", "valid from"},
    {"to", "DATE", "失效日期", "valid to"},
    {"as", "KEY", "签发所用的钥匙", "key to sign with"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt as_opts[] = {{"as", "KEY", "签名所用的钥匙", "key to sign with"},
                                        {NULL, NULL, NULL, NULL}};
static const struct nd_opt record_types_opts[] = {
    {"markdown", NULL, "作为文档输出", "as a document"}, {NULL, NULL, NULL, NULL}};
static const struct nd_opt record_add_opts[] = {
    {"file", "FILE|-", "从 JSON 文件读取（见 record template）",
     "read the fields from a JSON file (see record template)"},
    {"body", "JSON", "从参数读取 JSON", "read the fields from this JSON"},
    {"as", "KEY", "签名所用的钥匙", "key to sign with"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt record_missing_opts[] = {
    {"grid", "CODE", "只看此网格之下", "only below this grid"},
    {"level", "2|3", "村（社区）或小组，默认 2", "villages or groups, default 2"},
    {"since", "DATE", "此日期起", "from this date on"},
    {"until", "DATE", "至此日期", "up to this date"},
    {"at", "DATE", "此日期有效的", "in force on this day"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt record_list_opts[] = {
    {"grid", "CODE", "只看此网格之下", "only below this grid"},
    {"at", "DATE", "此日期有效的（有起止日期的记录）", "in force on this day (posts, plans)"},
    {"since", "DATE", "此日期起", "from this date on"},
    {"until", "DATE", "至此日期", "up to this date"},
    {"limit", "N", "最多几条，默认 50，0 为不限", "at most so many, default 50, 0 all"},
    {"offset", "N", "跳过前几条", "skip so many"},
    {"all", NULL, "全部", "all of them"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt cert_renew_opts[] = {
    {"key", "NAME", "新钥匙名（见 key new）", "name of the new key (see key new)"},
    {"as", "KEY", "签发所用的钥匙", "key to sign with"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt root_rotate_opts[] = {
    {"next-key", "FILE", "下一把根钥匙的文件", "file of the successor"},
    {"since", "DATE", "旧根钥匙何时被盗：本机此后收到的旧根所写不再有效",
     "when the old root was stolen: what this node received of it later is void"},
    {"yes", NULL, "确认写入；不加则只显示结果", "do it; without it only shows what would be"},
    {"reason", "TEXT", "原因，不得含个人隐私", "reason; nothing private, it stays for ever"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_new_opts[] = {
    {"no-pin", NULL, "不加锁（不建议）", "not sealed (not advised)"}, {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_unlock_opts[] = {
    {"minutes", "N", "闲置多少分钟后锁上，默认 15，最多 720",
     "close after so many idle minutes, default 15, at most 720"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_file_opts[] = {
    {"to", "FILE", "写入文件而不是屏幕", "write it to a file"}, {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_export_opts[] = {
    {"paper", NULL, "打印恢复单", "print a recovery sheet"},
    {"to", "FILE", "写成加锁的钥匙文件（U 盘）", "write a sealed key file (a stick)"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_recover_opts[] = {
    {"from", "FILE", "恢复单或导出的钥匙文件；没有时逐组输入",
     "a sheet or an exported key file; without it the groups are typed"},
    {"no-pin", NULL, "不加锁（不建议）", "not sealed (not advised)"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt key_from_opts[] = {
    {"from", "FILE", "恢复单或导出的钥匙文件；没有时逐组输入",
     "a sheet or an exported key file; without it the groups are typed"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt list_opts[] = {
    {"grid", "CODE", "只看此网格之下", "only below this grid"},
    {"state", "open|closed|all", "状态，默认 open", "default open"},
    {"severity", "1-4", "至少此等级", "at least this severity"},
    {"overdue", NULL, "只看超期", "only what is overdue"},
    {"code", "CODE", "隐患代码", "hazard code"},
    {"limit", "N", "最多几条，默认 50，0 为不限", "at most so many, default 50, 0 all"},
    {"offset", "N", "跳过前几条", "skip so many"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt due_opts[] = {
    {"grid", "CODE", "只看此网格之下", "only below this grid"},
    {"level", "officer|chief|village|street", "只看应由这一级处理的",
     "only what is for this level"},
    {"soon", "TIME", "连同多久之内将到期的，如 3d", "also what will be due within, as 3d"},
    {"every", NULL, "列出每一级提醒，而不只是最近的", "every moment reached, not only the last"},
    {"at", "DATE", "当时的情况，默认现在", "as of then, default now"},
    {"limit", "N", "最多几条，默认 50，0 为不限", "at most so many, default 50, 0 all"},
    {"offset", "N", "跳过前几条", "skip so many"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt tree_opts[] = {
    {"grid", "CODE", "只看此网格之下", "only below this grid"},
    {"level", "2|3", "到第几级，默认 2", "down to this level, default 2"},
    {"stale", "TIME", "多久没有消息算陈旧，默认 24h", "no news for so long is stale, default 24h"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt verify_opts[] = {
    {"rebuild", NULL, "由条目重建全部视图", "write the views anew from the entries"},
    {NULL, NULL, NULL, NULL}};

static const struct nd_opt import_hazards_opts[] = {
    {"map", "FILE", "对应关系（列、代码、网格），见 node/maps",
     "what columns, codes and districts mean, see node/maps"},
    {"grid", "CODE", "只导入此村（社区）的行", "only rows of this village"},
    {"as", "KEY", "上报和整改所用的钥匙", "key that reports and claims the fix"},
    {"check-as", "KEY", "复查所用的钥匙，须为另一人", "key that checks, another person's"},
    {"dry-run", NULL, "只检查，不写入", "check only, write nothing"},
    {NULL, NULL, NULL, NULL}};

#define PASSPHRASE_FILE                                                                          \
    {                                                                                            \
        "passphrase-file", "FILE", "口令在此文件首行", "the pass phrase is the first line of it" \
    }
static const struct nd_opt backup_create_opts[] = {
    PASSPHRASE_FILE,
    {"with-root", NULL, "连同街道根钥匙", "with the street's root key"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt backup_opts[] = {PASSPHRASE_FILE, {NULL, NULL, NULL, NULL}};
#define MOVE_OPTS_                                                                             \
    {"yes", NULL, "确认写入；不加则只显示结果", "do it; without it only shows what would be"}, \
        {"as", "KEY", "签名所用的钥匙", "key to sign with"},                                   \
    {                                                                                          \
        "reason", "TEXT", "原因，不得含个人隐私", "reason; nothing private, it stays for ever" \
    }
static const struct nd_opt transfer_opts[] = {
    {"grid", "CODE", "新网格，可重复", "new grid; may be repeated"},
    {"role", "ROLES", "新角色，默认不变", "new roles, default as before"},
    {"key", "NAME|HEX", "本人的新钥匙", "the person's new key"},
    {"from", "DATE", "生效日期", "valid from"},
    {"until", "DATE", "失效日期", "valid until"},
    {"to", "NAME", "由谁接手未销案隐患", "who takes over the open hazards"},
    MOVE_OPTS_,
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt standin_opts[] = {
    {"by", "NAME", "代班人", "who stands in"},
    {"from", "DATE", "开始日期", "from"},
    {"until", "DATE", "结束日期", "until"},
    {"grid", "CODE", "代管网格，默认其全部，可重复", "grid, default all; may be repeated"},
    {"role", "ROLES", "角色，默认相同", "roles, default the same"},
    MOVE_OPTS_,
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt dismiss_opts[] = {
    {"to", "NAME", "由谁接手未销案隐患；席位则为接任席位",
     "who takes over the open hazards; of a seat: its successor"},
    MOVE_OPTS_,
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt lost_opts[] = {
    {"since", "DATE", "何时遗失；此后到达本机的记录不计入",
     "since when; what arrived here later does not count"},
    {"key", "NAME|HEX", "给本人的新钥匙发证", "certify this new key of the person"},
    {"grid", "CODE", "网格，默认不变", "grid, default as before"},
    {"role", "ROLES", "角色，默认不变", "roles, default as before"},
    {"to", "NAME", "由谁接手未销案隐患；席位则为接任席位",
     "who takes over the open hazards; of a seat: its successor"},
    MOVE_OPTS_,
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt cut_opts[] = {MOVE_OPTS_, {NULL, NULL, NULL, NULL}};
static const struct nd_opt restate_opts[] = {
    {"before", "DATE", "只取在此之前到达本机的（被盗时必填）",
     "only what had arrived here before (after a theft: always)"},
    {"except", "NAME", "不取此人，可重复", "not this person; may be repeated"},
    {"yes", NULL, "确认写入；不加则只显示结果", "do it; without it only shows what would be"},
    {"as", "KEY", "接任席位或街道根钥匙", "key of the successor, or root"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt person_show_opts[] = {
    {"limit", "N", "最多几条，默认 20，最多 1000", "at most so many, default 20, at most 1000"},
    {"offset", "N", "跳过前几条", "skip so many"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt held_opts[] = {
    {"of", "NAME", "只看此人", "of this person only"},
    {"limit", "N", "最多几条，默认 50，0 为不限", "at most so many, default 50, 0 all"},
    {"offset", "N", "跳过前几条", "skip so many"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt bundle_export_opts[] = {
    {"for", "NODE|GRID", "收件节点或网格，可重复", "for this node or grid; may be repeated"},
    {"scope", "SCOPE", "范围：public、internal 或 12 位代码，可重复",
     "public, internal or 12 digits; may be repeated"},
    {"since-receipt", "FILE", "只带此回执之后的内容", "only what this receipt says is lacking"},
    {"all", NULL, "全部内容，不论对方已有什么", "everything, whatever is held there"},
    {"split", "MIB", "每个文件至多多大，默认 4095", "size of a file at most, default 4095"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt bundle_receipt_opts[] = {
    {"for", "NODE|GRID", "收件节点或网格，可重复", "for this node or grid; may be repeated"},
    {"scope", "SCOPE", "范围：public、internal 或 12 位代码，可重复",
     "public, internal or 12 digits; may be repeated"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt bundle_import_opts[] = {
    {"dry-run", NULL, "只预览，不写入", "show what it brings, write nothing"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt bundle_plan_opts[] = {
    {"for", "NODE|GRID", "收件节点或网格，可重复", "for this node or grid; may be repeated"},
    {NULL, NULL, NULL, NULL}};

static const struct nd_opt policy_list_opts[] = {
    {"at", "DATE", "当时的值，默认现在", "as it applies then, default now"},
    {NULL, NULL, NULL, NULL}};
#define TABLE_OPTS_                                                                             \
    {"zh", "TEXT", "中文", "Chinese"}, {"en", "TEXT", "英文", "English"},                       \
        {"withdrawn", "yes|no", "停用", "no longer to be chosen"},                              \
        {"from", "DATE", "生效日期，默认现在", "applies from, default now"},                    \
        {"text", "TEXT", "依据（文号等）", "the basis, as a document number"},                  \
        {"as", "KEY", "签名所用的钥匙", "key to sign with"},                                    \
    {                                                                                           \
        "yes", NULL, "确认写入；不加则只显示结果", "do it; without it only shows what would be" \
    }
static const struct nd_opt code_set_opts[] = {
    {"severity", "1-4", "等级", "severity"},
    {"limit", "t0…t30|tm|transfer", "整改时限", "time limit"},
    TABLE_OPTS_,
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt kind_set_opts[] = {{"name", "NAME", "代号", "its name"},
                                              {"list", "N", "检查表", "its checklist"},
                                              {"period", "DAYS", "走访周期", "days between visits"},
                                              TABLE_OPTS_,
                                              {NULL, NULL, NULL, NULL}};
static const struct nd_opt checklist_set_opts[] = {
    {"file", "FILE", "检查项的 JSON（见 checklist show --json）",
     "its items as JSON (see checklist show --json)"},
    TABLE_OPTS_,
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt checklist_show_opts[] = {
    {"version", "N", "此版本，默认现行", "this version, default the present one"},
    {NULL, NULL, NULL, NULL}};
static const struct nd_opt policy_set_opts[] = {
    {"from", "DATE", "生效日期，默认现在", "applies from, default now"},
    {"text", "TEXT", "依据（文号等）", "the basis, as a document number"},
    {"as", "KEY", "签名所用的钥匙", "key to sign with"},
    {"yes", NULL, "确认写入；不加则只显示结果", "do it; without it only shows what would be"},
    {NULL, NULL, NULL, NULL}};

static const struct nd_verb verbs[] = {
    {"init", NULL, "--name 名称 --street 代码", "建立街道空间和本节点",
     "make a street's space and this node", init_opts, ND_V_LOCAL, NULL, nd_cmd_init, NULL},
    {"invite", "answer", "REQUEST --out ANSWER", "答复一个加入申请文件", "answer a request to join",
     invite_answer_opts, 0, NULL, nd_cmd_invite_answer, NULL},
    {"invite", "list", "", "发出的邀请", "list invitations", NULL, 0, NULL, nd_cmd_invite_list,
     NULL},
    {"invite", "revoke", "ID", "撤销一个未用的邀请", "revoke an unused invitation", NULL, 0, NULL,
     nd_cmd_invite_revoke, NULL},
    {"invite", NULL, "--grid CODE", "邀请一个节点加入", "invite a node to join", invite_opts, 0,
     NULL, nd_cmd_invite, NULL},
    {"join", NULL, "TEXT|FILE", "凭邀请加入；无网络时凭文件", "join by an invitation, or by files",
     join_opts, ND_V_LOCAL, NULL, nd_cmd_join, NULL},
    {"run", NULL, "", "运行节点", "run the node", run_opts, ND_V_LOCAL, NULL, nd_cmd_serve, NULL},
    {"sync", NULL, "", "立即同步并等待完成", "synchronise now and wait for it", sync_opts,
     ND_V_DIAL, NULL, nd_cmd_sync, nd_cmd_sync_poll},
    {"status", NULL, "", "节点状况", "how the node is", NULL, 0, NULL, nd_cmd_status, NULL},
    {"tree", NULL, "", "三级网格一览", "the three levels of grids", tree_opts, 0, NULL, nd_cmd_tree,
     NULL},
    {"hazard", NULL, "ACT [ID] --FIELD VALUE…", "隐患：上报、受理、交办、复查等",
     "report a hazard or act on one", as_opts, 0, "hazard-", nd_cmd_hazard, NULL},
    {"list", NULL, "hazards|places|visits|notices|grids", "列表", "list records", list_opts, 0,
     NULL, nd_cmd_list, NULL},
    {"due", NULL, "", "到期：要催办、超期、待交办、待复查的隐患",
     "what has to be done: reminders, overdue, unassigned, to be checked", due_opts, 0, NULL,
     nd_cmd_due, NULL},
    {"show", NULL, "ID", "一条记录的现状与经过", "one record and its history", NULL, 0, NULL,
     nd_cmd_show, NULL},
    {"record", "types", "", "记录目录：全部记录及其填写人",
     "the catalogue: all records and who writes them", record_types_opts, ND_V_LOCAL, NULL,
     nd_cmd_record_types, NULL},
    {"record", "template", "TYPE", "一种记录的空白 JSON，附说明",
     "an empty record as JSON, with notes", NULL, ND_V_LOCAL, "", nd_cmd_record_template, NULL},
    {"record", "add", "TYPE --FIELD VALUE… | --file FILE", "登记一条记录", "add a record",
     record_add_opts, 0, "", nd_cmd_record_add, NULL},
    {"record", "edit", "TYPE/ID --FIELD VALUE… | --file FILE", "修改一条记录，旧内容留存",
     "change a record; what it said before is kept", record_add_opts, 0, "", nd_cmd_record_edit,
     NULL},
    {"record", "list", "TYPE [--FIELD VALUE…]", "列出一种记录，字段可作条件",
     "list records; fields are conditions", record_list_opts, 0, "", nd_cmd_record_list, NULL},
    {"record", "missing", "TYPE [--FIELD VALUE…]", "哪些网格没有这种记录",
     "which grids have no such record", record_missing_opts, 0, "", nd_cmd_record_missing, NULL},
    {"record", "show", "TYPE/ID", "一条记录的现状、经过与签名人",
     "a record, its history and who signed", NULL, 0, "", nd_cmd_record_show, NULL},
    {"grid", "add", "CODE NAME", "登记网格", "declare a grid", grid_add_opts, 0, NULL,
     nd_cmd_grid_add, NULL},
    {"grid", "list", "", "网格列表", "list grids", grid_list_opts, 0, NULL, nd_cmd_grid_list, NULL},
    {"cert", "issue", "--key NAME --name 姓名 --role ROLES --grid CODE", "签发证书",
     "certify a key", cert_issue_opts, 0, NULL, nd_cmd_cert_issue, NULL},
    {"cert", "answer", "REQUEST", "凭申请文件给人员发证书", "certify a person's key by its request",
     cert_answer_opts, 0, NULL, nd_cmd_cert_answer, NULL},
    {"cert", "list", "", "证书列表", "list certificates", NULL, 0, NULL, nd_cmd_cert_list, NULL},
    {"cert", "renew", "PERSON --key NAME", "为同一人换发钥匙，历史不断",
     "give a person a new key; the history stays one", cert_renew_opts, 0, NULL, nd_cmd_cert_renew,
     NULL},
    {"root", "rotate", "--next-key FILE [--since DATE] [--yes]", "启用预先约定的下一把根钥匙",
     "let the successor take the root's place", root_rotate_opts, 0, NULL, nd_cmd_root_rotate,
     NULL},
    {"key", "new", "NAME", "生成人员钥匙，用 PIN 加锁", "make a person's key, sealed by a PIN",
     key_new_opts, 0, NULL, nd_cmd_key_new, NULL},
    {"key", "request", "NAME --out FILE", "为人员钥匙写证书申请文件",
     "write a request to certify a person's key", key_request_opts, 0, NULL, nd_cmd_key_request,
     NULL},
    {"key", "list", "", "钥匙列表", "list keys", NULL, 0, NULL, nd_cmd_key_list, NULL},
    {"key", "pin", "NAME", "设置或更换 PIN", "set or change the PIN of a key", NULL, 0, NULL,
     nd_cmd_key_pin, NULL},
    {"key", "seal", "node|root|NAME", "用口令给钥匙加锁", "seal a key by a pass phrase", NULL, 0,
     NULL, nd_cmd_key_seal, NULL},
    {"key", "unseal", "node|root|NAME", "取消加锁", "take the seal off a key", NULL, 0, NULL,
     nd_cmd_key_unseal, NULL},
    {"key", "unlock", "NAME", "在运行的节点中打开钥匙，闲置后自动锁上",
     "hold a key open in the running node until it is idle", key_unlock_opts, 0, NULL,
     nd_cmd_key_unlock, NULL},
    {"key", "lock", "[NAME]", "锁上打开的钥匙", "close keys that are held open", NULL, 0, NULL,
     nd_cmd_key_lock, NULL},
    {"key", "sheet", "NAME", "打印恢复单（纸）", "print a recovery sheet", key_file_opts, 0, NULL,
     nd_cmd_key_sheet, NULL},
    {"key", "export", "NAME", "导出钥匙：纸上或 U 盘", "export a key: on paper or to a stick",
     key_export_opts, 0, NULL, nd_cmd_key_export, NULL},
    {"key", "recover", "NAME", "由恢复单或导出文件恢复钥匙",
     "bring a key back from its sheet or export", key_recover_opts, ND_V_LOCAL, NULL,
     nd_cmd_key_recover, NULL},
    {"key", "import", "NAME", "同 key recover", "the same as key recover", key_recover_opts,
     ND_V_LOCAL, NULL, nd_cmd_key_recover, NULL},
    {"key", "remove", "root|next-root", "核对导出后，把根钥匙移出本机",
     "take the root key off this machine, once its export is checked", key_from_opts, 0, NULL,
     nd_cmd_key_remove, NULL},
    {"peer", "add", "HOST:PORT", "登记对方地址", "give a peer's address", peer_add_opts, 0, NULL,
     nd_cmd_peer_add, NULL},
    {"peer", "list", "", "对等节点列表", "list peers", NULL, 0, NULL, nd_cmd_peer_list, NULL},
    {"peer", "pause", "NAME|all", "暂停与其同步", "stop syncing with a peer", NULL, 0, NULL,
     nd_cmd_peer_pause, NULL},
    {"peer", "resume", "NAME|all", "恢复与其同步", "sync with it again", NULL, 0, NULL,
     nd_cmd_peer_resume, NULL},
    {"peer", "remove", "NAME", "忘记对方", "forget a peer", NULL, 0, NULL, nd_cmd_peer_remove,
     NULL},
    {"import", "hazards", "FILE.csv --map MAP", "导入隐患表格，可重复执行",
     "import a table of hazards; may be run again", import_hazards_opts, 0, NULL,
     nd_cmd_import_hazards, NULL},
    {"import", "grids", "FILE.csv", "导入网格表格（code,name,synthetic）",
     "import a table of grids (code,name,synthetic)", as_opts, 0, NULL, nd_cmd_import_grids, NULL},
    {"person", "list", "", "人员、钥匙与网格", "persons, their keys and grids", NULL, 0, NULL,
     nd_cmd_person_list, NULL},
    {"person", "show", "NAME", "一个人的钥匙及其所写的记录", "a person's keys and what they signed",
     person_show_opts, 0, NULL, nd_cmd_person_show, NULL},
    {"person", "transfer", "NAME --grid CODE --key KEY", "调岗：换网格、换钥匙，移交隐患",
     "move a person to another grid", transfer_opts, 0, NULL, nd_cmd_person_transfer, NULL},
    {"person", "standin", "NAME --by NAME --from DATE --until DATE", "代班：限期授权并移交隐患",
     "let somebody stand in", standin_opts, 0, NULL, nd_cmd_person_standin, NULL},
    {"person", "dismiss", "NAME [--to NAME]", "辞退：吊销钥匙，移交隐患，已写记录仍有效",
     "revoke a person's keys; what they wrote stays", dismiss_opts, 0, NULL, nd_cmd_person_dismiss,
     NULL},
    {"person", "lost", "NAME --since DATE [--key KEY]",
     "设备遗失：吊销钥匙，遗失后到达的记录不计入", "revoke the key of a lost device", lost_opts, 0,
     NULL, nd_cmd_person_lost, NULL},
    {"cut", "list", "", "吊销与封存记录", "list revocations and cuts", NULL, 0, NULL,
     nd_cmd_cut_list, NULL},
    {"cut", "fork", "NAME", "处置分叉的日志：各分支至今的记录均有效",
     "settle a forked log: all its branches count", cut_opts, 0, NULL, nd_cmd_cut_fork, NULL},
    {"cert", "restate", "NAME [--before DATE]", "重申旧席位的证书和封存，使其在旧席位封存后仍有效",
     "state a seat's certificates and cuts again, in its place", restate_opts, 0, NULL,
     nd_cmd_cert_restate, NULL},
    {"held", "list", "", "不计入的记录及原因", "what does not count, and why", held_opts, 0, NULL,
     nd_cmd_held_list, NULL},
    {"held", "show", "ID", "一条不计入的记录", "one held entry", NULL, 0, NULL, nd_cmd_held_show,
     NULL},
    {"held", "adopt", "ID…", "采认：核实后使其计入", "let held entries count", as_opts, 0, NULL,
     nd_cmd_held_adopt, NULL},
    {"bundle", "export", "FILE", "导出加密数据包，用 U 盘递送", "write a sealed bundle for a stick",
     bundle_export_opts, 0, NULL, nd_cmd_bundle_export, NULL},
    {"bundle", "import", "FILE...", "导入数据包，可重复执行", "read bundles in; may be run again",
     bundle_import_opts, 0, NULL, nd_cmd_bundle_import, NULL},
    {"bundle", "info", "FILE", "数据包外封：不需要钥匙", "the outside of a bundle: takes no key",
     NULL, ND_V_LOCAL, NULL, nd_cmd_bundle_info, NULL},
    {"bundle", "plan", "", "给各节点的 U 盘需要带什么", "what a stick for each node would carry",
     bundle_plan_opts, 0, NULL, nd_cmd_bundle_plan, NULL},
    {"bundle", "receipt", "FILE", "回执：本节点已有什么，让回程只带所缺",
     "what is held here, so that the way back only carries the rest", bundle_receipt_opts, 0, NULL,
     nd_cmd_bundle_receipt, NULL},
    {"policy", "list", "", "谁可填写、谁可销案等制度参数", "who may write and clear what",
     policy_list_opts, 0, NULL, nd_cmd_policy_list, NULL},
    {"policy", "show", "NAME", "一项参数及其历次修改", "one value and its changes", NULL, 0, NULL,
     nd_cmd_policy_show, NULL},
    {"policy", "set", "NAME VALUE", "修改参数，先显示哪些隐患会受影响",
     "change a value; shows first which hazards it concerns", policy_set_opts, 0, NULL,
     nd_cmd_policy_set, NULL},
    {"code", "list", "", "隐患代码表", "the hazard codes", policy_list_opts, 0, NULL,
     nd_cmd_code_list, NULL},
    {"code", "show", "CODE", "一个代码及其历次修改", "one code and its changes", NULL, 0, NULL,
     nd_cmd_code_show, NULL},
    {"code", "set", "CODE", "增补或修改隐患代码", "add or change a hazard code", code_set_opts, 0,
     NULL, nd_cmd_code_set, NULL},
    {"kind", "list", "", "场所类别表", "the kinds of places", policy_list_opts, 0, NULL,
     nd_cmd_kind_list, NULL},
    {"kind", "show", "NUMBER", "一个类别及其历次修改", "one kind and its changes", NULL, 0, NULL,
     nd_cmd_kind_show, NULL},
    {"kind", "set", "NUMBER", "增补或修改场所类别", "add or change a kind of place", kind_set_opts,
     0, NULL, nd_cmd_kind_set, NULL},
    {"checklist", "list", "", "检查表", "the checklists", policy_list_opts, 0, NULL,
     nd_cmd_checklist_list, NULL},
    {"checklist", "show", "NUMBER", "一份检查表的检查项", "the items of a checklist",
     checklist_show_opts, 0, NULL, nd_cmd_checklist_show, NULL},
    {"checklist", "set", "NUMBER --file FILE", "增补或修改检查表，成为新版本",
     "add a checklist, or a new version of one", checklist_set_opts, 0, NULL, nd_cmd_checklist_set,
     NULL},
    {"role", "list", "", "角色名称、简称、由谁授予", "roles, their names and who gives them", NULL,
     0, NULL, nd_cmd_role_list, NULL},
    {"verify", NULL, "", "核对全部数据", "check everything stored", verify_opts, 0, NULL,
     nd_cmd_verify, NULL},
    {"backup", "create", "FILE", "备份数据与钥匙，以口令加密", "back up store and keys, sealed",
     backup_create_opts, ND_V_LOCAL, NULL, nd_cmd_backup_create, NULL},
    {"backup", "check", "FILE", "核对备份能否恢复", "check that a backup can be restored",
     backup_opts, ND_V_LOCAL, NULL, nd_cmd_backup_check, NULL},
    {"restore", NULL, "FILE --data DIR", "由备份恢复到空目录", "restore a backup into a new place",
     backup_opts, ND_V_LOCAL, NULL, nd_cmd_restore, NULL},
    {"proof", "export", "RECORD --out FILE", "导出一条记录及其全部依据",
     "export a record with its evidence", proof_export_opts, 0, NULL, nd_cmd_proof_export, NULL},
    {"proof", "check", "FILE", "核对证明（不需要数据目录）",
     "check a proof, without any data directory", proof_check_opts, ND_V_LOCAL, NULL,
     nd_cmd_proof_check, NULL},
    {"version", NULL, "", "版本", "version", NULL, ND_V_LOCAL, NULL, nd_cmd_version, NULL},
    {"help", NULL, "[VERB]", "帮助", "this help", NULL, ND_V_LOCAL, NULL, nd_cmd_help, NULL},
};

const struct nd_verb *nd_verb_at(size_t i)
{
    return i < sizeof verbs / sizeof verbs[0] ? &verbs[i] : NULL;
}
