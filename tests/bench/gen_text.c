/* Phrases of fire-safety records, put together at random. */
#include "tests/bench/gen.h"

#include <stdio.h>

#define PICK(r, list) ((list)[ts_prng_below((r), sizeof(list) / sizeof((list)[0]))])

static const char *const roads[] = {
    "南大街",   "北门街", "萱花路", "昌州大道", "人民西路", "泸州街",   "渝西大道", "探花路",
    "汇龙大道", "文昌路", "玉屏路", "化工路",   "兴龙大道", "永津大道", "新区大道", "望城路",
};
static const char *const spots[] = {
    "楼道",     "一楼门厅", "疏散通道", "楼梯间",   "地下车库", "配电间门口", "后院",     "阁楼",
    "二楼走廊", "厨房",     "仓库",     "门面夹层", "电梯厅",   "消防通道",   "天台门口", "杂物间",
};
static const char *const dangers[] = {
    "堆放纸箱和旧家具，占用疏散通道",
    "停放电动自行车并飞线充电",
    "灭火器压力不足，已过有效期",
    "私拉乱接电线，插座超负荷使用",
    "应急照明灯损坏，疏散指示标志脱落",
    "安全出口上锁，钥匙由房东保管",
    "瓶装液化气与明火同室存放，软管老化开裂",
    "窗户加装防盗网，未留逃生口",
    "消火栓被货物遮挡，箱内缺水带水枪",
    "配电箱周围堆放可燃物，未装漏电保护器",
    "烟道油垢较厚，长期未清洗",
    "店内留宿2人，住宿与经营区域未分隔",
    "室内消火栓无水，水泵控制柜处于手动状态",
    "焚烧秸秆和垃圾，距林缘不足30米",
};
static const char *const advice[] = {
    "已口头劝导",       "当事人称周末清理", "已张贴提示单并拍照", "现场无人，已电话告知房东",
    "住户有老人和小孩", "此前曾整改又反弹", "已要求立即断电",     "已通知物业到场",
};
static const char *const orders[] = {
    "请核实后督促当事人限期整改，整改完成后上传照片",
    "请于3日内清理完毕并回访",
    "请联系物业共同处置，当天反馈",
    "请上门劝导，落实责任人",
    "请先采取临时防范措施，再督促整改",
};
static const char *const steps[] = {
    "已联系当事人，约定明天上午清理",   "已清理一半，剩余部分周末搬走",
    "当事人外出，已与家属约定时间",     "物业已安排人员，等待配件到货",
    "已断开飞线，充电桩选址协调中",     "已购买新灭火器，等待送货",
    "电工已到场查看，需更换线路约20米", "已签订整改承诺书",
};
static const char *const fixes[] = {
    "堆放物已清走，通道恢复畅通",     "已更换合格灭火器2具并摆放到位",
    "线路已穿管敷设，加装漏电保护器", "车辆已移至集中充电点",
    "应急照明和指示标志已修复",       "防盗网已开设逃生口，可从内部开启",
    "液化气瓶已移出，更换软管",       "留宿人员已搬离，床铺拆除",
};
static const char *const passes[] = {
    "经现场复查，隐患已整改到位，同意销案",
    "复查合格",
    "与当事人共同查看，整改属实，同意销案",
    "复查通过，已提醒当事人防止反弹",
    "现场查看符合要求",
    "照片与现场一致，同意销案",
};
static const char *const names[] = {
    "王建国", "李秀英", "张伟",   "刘洋",   "陈桂兰", "杨勇", "赵敏",   "黄志强",
    "周丽",   "吴国平", "徐小红", "孙德福", "胡军",   "朱琳", "高永康", "林玉梅",
};

static const char *const words[] = {
    "门口", "商户", "住户", "昨天", "今天", "上午", "下午", "晚上", "雨后",   "夏季", "租客",
    "老人", "孩子", "厨房", "阳台", "线路", "插板", "冰箱", "空调", "电磁炉", "煤气", "纸箱",
    "木板", "泡沫", "油漆", "布料", "货架", "铁门", "卷帘", "窗口", "围栏",   "钥匙", "扶手",
    "灯管", "水管", "阀门", "压力", "表箱", "开关", "保险", "接头", "破损",   "松动", "老化",
    "发热", "冒烟", "异味", "潮湿", "积水", "堵塞", "狭窄", "漆黑", "凌乱",   "占用", "私接",
    "外露", "过期", "缺少", "丢失", "停用", "关闭", "打开", "拆除", "移走",   "更换", "加装",
    "检修", "清扫", "登记", "拍照", "通知", "说明", "同意", "拒绝", "承诺",   "配合", "反映",
    "多次", "临时", "长期", "部分", "全部", "左侧", "右侧", "楼上", "楼下",   "隔壁", "对面",
    "转角", "顶层", "底层", "院内", "巷口", "路边", "后门", "侧门",
};

/* A clause of free wording: no two are alike, as with people. */
static void free_words(struct ts_prng *r, uint64_t lo, uint64_t hi, char *out, size_t n)
{
    size_t at = 0;

    for (uint64_t i = ts_prng_range(r, lo, hi); i > 0 && at < n; i--)
        at += (size_t)snprintf(out + at, n - at, "%s", PICK(r, words));
}

void bg_address(struct ts_prng *r, char *out, size_t n)
{
    (void)snprintf(out, n, "%s%u号%u单元%u楼", PICK(r, roads), (unsigned)ts_prng_range(r, 1, 399),
                   (unsigned)ts_prng_range(r, 1, 6), (unsigned)ts_prng_range(r, 1, 18));
}

void bg_text(struct ts_prng *r, uint64_t type, const char *address, char *out, size_t n)
{
    char more[128] = "";

    free_words(r, type == SC_R_HAZARD_REPORT ? 4 : 0, type == SC_R_HAZARD_REPORT ? 10 : 6, more,
               sizeof more);
    if (type == SC_R_HAZARD_REPORT)
        (void)snprintf(out, n, "%s%s%s，%s，%s", address, PICK(r, spots), PICK(r, dangers), more,
                       PICK(r, advice));
    else if (type == SC_R_HAZARD_EMERGENCY)
        (void)snprintf(out, n, "%s%s起火，有浓烟，%u人被困，请立即支援", address, PICK(r, spots),
                       (unsigned)ts_prng_range(r, 1, 9));
    else if (type == SC_R_HAZARD_ASSIGN)
        (void)snprintf(out, n, "%s", PICK(r, orders));
    else if (type == SC_R_HAZARD_PROGRESS)
        (void)snprintf(out, n, "%s%s", PICK(r, steps), more);
    else if (type == SC_R_HAZARD_FIX)
        (void)snprintf(out, n, "%s，现场照片%u张", PICK(r, fixes),
                       (unsigned)ts_prng_range(r, 1, 4));
    else
        (void)snprintf(out, n, "%s%s", PICK(r, passes), more);
}

const char *bg_name(struct ts_prng *r)
{
    return PICK(r, names);
}
