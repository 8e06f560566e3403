/* Checklists and kinds of places as shipped. A list has the number of the kind that it is made for;
 * its items are plain questions, each with the codes of the hazard that a bad answer means. 3 to 6
 * minutes a visit: what is not answered stays "not seen". */
#include "schema/codes.h"

#include "schema/record_table.h"

#include <string.h>

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

struct item {
    const char *key, *zh, *en, *codes;
};

static const struct item shop[] = {
    {"01", "有无人员住宿？", "Does anybody sleep here?", "F01"},
    {"02", "住宿人数是否不超过1名值班人员？", "No more than one person on duty sleeps here?",
     "F01"},
    {"03", "住宿部分有无独立疏散出口？", "Has the sleeping part an exit of its own?", "F03"},
    {"04", "有无逃生软梯、缓降器等？", "Is there an escape ladder?", "F03"},
    {"05", "是否安装独立式烟感报警器？", "Is there a smoke alarm?", "B08"},
    {"06", "灭火器是否配备、在有效期内？", "Extinguishers there and in date?", "B01 B02"},
    {"07", "应急照明、疏散指示标志是否完好？", "Emergency lights and exit signs in order?", "A05"},
    {"08", "楼梯能否通往屋面，屋面门能否打开？",
     "Does the stair reach the roof, and its door open?", "A07"},
    {"09", "安全出口是否畅通、未锁闭？", "Are exits clear and unlocked?", "A01"},
    {"10", "走道、楼梯有无堆放物品？", "Are corridor and stair clear?", "A03"},
    {"11", "电线是否穿管敷设？", "Is the wiring in conduit?", "C03"},
    {"12", "顶棚、墙面是否采用不燃材料？", "Are ceiling and walls lined with what does not burn?",
     "H02"},
    {"13", "用火用电用气是否规范？", "Are fire, power and gas used properly?", "C04 D03"},
    {"14", "是否签订责任书并每日自查？", "Pledge signed, and checked daily by the owner?",
     "J06 J02"},
};

static const struct item workshop[] = {
    {"01", "建筑耐火等级、防火间距是否符合？", "Building class and gaps in order?", "H04"},
    {"02", "车间、地下室有无住人？", "Does nobody sleep in workshop or basement?", "F06"},
    {"03", "安全出口是否不少于2个？", "Two exits or more?", "A02"},
    {"04", "通道是否畅通？", "Are the aisles clear?", "A03"},
    {"05", "电气线路、开关、配电箱是否规范？", "Wiring, switches and boxes in order?",
     "C01 C02 C03 C04 C05 C06"},
    {"06", "动火作业是否审批、有人监护？", "Hot work permitted and guarded?", "D01"},
    {"07", "易燃液体、粉尘、泡沫等是否规范存放？", "Flammable liquids, dust and foam kept safely?",
     "G01"},
    {"08", "成品、废料有无大量堆积？", "No heaps of goods or waste?", "G03"},
    {"09", "有无使用泡沫夹芯彩钢板？", "No foam sandwich panels?", "H01"},
    {"10", "灭火器、消火栓是否完好？", "Extinguishers and hydrants in order?", "B01 B02 B03 B04"},
    {"11", "窗户有无栅栏影响逃生？", "No bars on windows?", "A04"},
    {"12", "证照是否齐全，有无非法生产？", "Licensed, no illegal production?", "L01"},
    {"13", "员工是否掌握“一懂三会”？", "Do staff have the basic fire knowledge?", "K01"},
};

static const struct item entertainment[] = {
    {"01", "营业证照、开业前检查是否具备？", "Licence and check before opening there?", "J05"},
    {"02", "出口是否不少于2个、向外开启、未锁闭？", "Two exits, opening outward, unlocked?",
     "A01 A02"},
    {"03", "应急照明、疏散指示标志是否完好？", "Emergency lights and exit signs in order?", "A05"},
    {"04", "窗户有无栅栏、广告牌？", "No bars or billboards at windows?", "A04"},
    {"05", "装修、隔音材料是否不燃？", "Lining and sound proofing that does not burn?", "H02"},
    {"06", "有无人员住宿？", "Does nobody sleep here?", "F01"},
    {"07", "人数是否控制在核定范围？", "Head count within the limit?", "J01"},
    {"08", "火灾时声像能否切换为疏散提示？", "Does the alarm cut into sound and picture?", "B06"},
    {"09", "有无使用瓶装液化气？", "No bottled gas?", "D03"},
    {"10", "营业期间是否每2小时巡查并记录？", "Patrolled every two hours, and logged?", "J02"},
    {"11", "有无吸烟、点蜡烛等明火？", "No smoking, no candles?", "D07"},
    {"12", "灭火器是否配足？", "Enough extinguishers?", "B01"},
    {"13", "员工是否开展疏散演练？", "Have staff drilled?", "J03"},
};

static const struct item mixed_use[] = {
    {"01", "住宿人数及经营类型已核实？", "Kind of mix and sleepers counted?", "F02"},
    {"02", "有无存放易燃易爆品？", "No flammables?", "G02"},
    {"03", "住宿与经营部分有无实墙、楼板分隔？", "Solid wall and slab between the parts?", "F02"},
    {"04", "住宿部分有无独立楼梯、出口？", "Own stair and exit for sleepers?", "F03"},
    {"05", "阁楼、夹层有无住人？", "Nobody in a loft?", "F04"},
    {"06", "是否安装联网烟感报警器？", "Linked smoke alarms?", "B08"},
    {"07", "应设的自动喷水系统是否完好？", "Sprinklers, where required, in order?", "B07"},
    {"08", "每间住房有无无栅栏的逃生窗？", "An escape window without bars in every room?", "A04"},
    {"09", "电动自行车、电池有无进入室内？", "No e-bike or battery indoors?", "E02"},
    {"10", "有无在室内存放液化气瓶？", "No gas bottle indoors?", "D03"},
    {"11", "夜间有无值班人员？", "Somebody on duty at night?", "K01"},
    {"12", "是否木结构或老旧建筑？", "No timber or decrepit building?", "H04"},
    {"13", "搬离日期是否已约定？", "Date of moving out agreed?", ""},
};

static const struct item household[] = {
    {"01", "是否安装独立烟感报警器？", "Smoke alarm there?", "B08"},
    {"02", "电线有无老化、破损？", "No aged wiring?", "C02"},
    {"03", "是否安装漏电保护器？", "Leakage breaker there?", "C05"},
    {"04", "燃气软管、气瓶位置是否安全？", "Gas hose and place of the bottle safe?", "D03 D04"},
    {"05", "取暖、炭火、蚊香是否远离可燃物？", "Heaters, charcoal, mosquito coils kept apart?",
     "D06"},
    {"06", "电动自行车、电池有无入户？", "No e-bike or battery indoors?", "E05"},
    {"07", "阳台、楼道有无堆放杂物？", "No heaps on balcony or stair?", "G03"},
    {"08", "灶边有无堆放柴草？", "No straw at the stove?", "G05"},
    {"09", "独居老人、留守儿童有无帮扶？", "Elderly or child alone: is there a helper?", "K02"},
    {"10", "防盗窗是否留有逃生口？", "Do barred windows open?", "A04"},
    {"11", "有无违规分隔出租？", "Not subdivided and let?", "F05"},
    {"12", "家庭成员是否掌握“一懂三会”？", "Does the family have the basic knowledge?", "K01"},
    {"13", "是否发放宣传资料？", "Leaflet given?", ""},
};

static const struct item residential[] = {
    {"01", "楼梯、门厅、走道是否畅通？", "Stair, lobby and corridor clear?", "A03"},
    {"02", "有无电动自行车停放、充电、飞线？", "No e-bikes parked or charged, no wires?",
     "E01 E02 E03"},
    {"03", "应急照明、疏散指示是否完好？", "Emergency lights and signs in order?", "A05"},
    {"04", "防火门是否常闭完好？", "Fire doors shut and whole?", "A06"},
    {"05", "消火栓箱、灭火器是否完好？", "Hydrant boxes and extinguishers in order?",
     "B02 B03 B04 B05"},
    {"06", "管井是否封堵、未堆物？", "Shafts sealed and empty?", "H05"},
    {"07", "屋面门能否打开？", "Does the roof door open?", "A07"},
    {"08", "消防车通道、登高场地是否畅通？", "Fire lane and ladder pad clear?", "I01 I04"},
    {"09", "消防控制室是否有人值班、持证？", "Control room manned and licensed?", "J04"},
    {"10", "楼栋网格公示是否张贴？", "Officer's notice posted?", ""},
    {"11", "物业是否提供年度检测报告？", "Annual test report of the property company?", "J07"},
};

static const struct item enterprise[] = {
    {"01", "消防安全责任人、制度是否明确？", "Responsible person and rules named?", "J01"},
    {"02", "重点单位是否每日巡查？", "Key unit: patrolled daily?", "J02"},
    {"03", "报警、喷淋、消防泵是否正常？", "Alarm, sprinklers and pump in order?",
     "B04 B05 B06 B07"},
    {"04", "安全出口、疏散设施是否符合？", "Exits and what leads to them in order?",
     "A01 A02 A03 A04 A05"},
    {"05", "防火分隔、卷帘是否完好？", "Partitions and shutters in order?", "H03 B10"},
    {"06", "厂区有无违规住人？", "No dormitory where none may be?", "F06"},
    {"07", "动火作业是否审批？", "Hot work permitted?", "D01"},
    {"08", "危险品是否规范储存？", "Dangerous goods stored properly?", "G01"},
    {"09", "电气线路是否检测？", "Electrical installation tested?", "C02"},
    {"10", "有无应急预案并演练？", "Plan made and drilled?", "J03"},
    {"11", "员工是否培训？", "Staff trained?", "K01"},
    {"12", "微型消防站是否在岗、装备齐全？", "Micro fire station manned and equipped?", ""},
    {"13", "以往隐患是否整改到位？", "Earlier hazards put right?", ""},
};

static const struct item ebike_point[] = {
    {"01", "与住宅、安全出口是否分隔？", "Separated from homes and exits?", "E04"},
    {"02", "与窗户距离是否足够？", "Far enough from windows?", "E04"},
    {"03", "有无自动断电、定时充电？", "Automatic cut-off and timed charging?", "E04"},
    {"04", "线路是否固定敷设、无接线板？", "Fixed wiring, no extension leads?", "E03"},
    {"05", "是否配置灭火器、喷淋？", "Extinguisher or sprinkler there?", "B01"},
    {"06", "有无监控或巡查？", "Camera or patrol?", ""},
    {"07", "有无堆放可燃物？", "No heaps of combustibles?", "G03"},
    {"08", "换电柜是否取得许可？", "Battery cabinet licensed?", "J05"},
    {"09", "停放数量是否超过车位？", "No more bikes than places?", ""},
};

static const struct item key_facility[] = {
    {"01", "是否便于到达、取用？", "Can it be reached?", "I01"},
    {"02", "能否出水、压力是否正常？", "Works, with pressure?", "I02"},
    {"03", "标识是否清晰？", "Is it marked?", "A05"},
    {"04", "有无被埋压、圈占？", "Not buried or fenced in?", "I02 B03"},
    {"05", "钥匙、阀门由谁保管是否清楚？", "Is it known who has the key?", "J01"},
    {"06", "最近检测是否在有效期？", "Tested in time?", "J07"},
    {"07", "有无冻损、水毁？", "No frost or flood damage?", "I03"},
    {"08", "能否3分钟内出水到场？", "Can it serve within three minutes?", ""},
};

#define LIST(n, zh, en, items)            \
    {                                     \
        n, zh, en, items, COUNT_OF(items) \
    }
static const struct {
    uint16_t number;
    const char *zh, *en;
    const struct item *item;
    size_t count;
} lists[] = {
    LIST(1, "小商铺检查表", "Small shop", shop),
    LIST(2, "小作坊检查表", "Workshop", workshop),
    LIST(3, "小娱乐场所检查表", "Small entertainment", entertainment),
    LIST(4, "三合一场所检查表", "Mixed use", mixed_use),
    LIST(5, "家庭户检查表", "Household", household),
    LIST(6, "居民楼院检查表", "Residential building", residential),
    LIST(7, "企业检查表", "Enterprise", enterprise),
    LIST(8, "电动自行车停放充电点检查表", "E-bike point", ebike_point),
    LIST(9, "重点部位和公共消防设施检查表", "Key facility", key_facility),
};

/* By number of the kind, from 1: its list and the days between visits. */
static const struct {
    uint16_t list, days;
} kinds[] = {
    {1, 30}, {2, 30}, {3, 30}, {4, 30}, {5, 180}, {6, 30}, {7, 30}, {8, 30},
    {9, 7},  {5, 90}, {7, 30}, {1, 30}, {7, 30},  {7, 30}, {9, 30}, {5, 90},
};

bool sc_shipped_kind(uint64_t number, struct sc_place_kind *out)
{
    const struct sc_choice *c = sc_choice_by_value(sc_choices_place_kind, number);

    if (c == NULL || number > COUNT_OF(kinds))
        return false;
    *out = (struct sc_place_kind){
        .row = {.shipped = true, .zh = cr_span_text(c->zh), .en = cr_span_text(c->en)},
        .number = (uint16_t)number,
        .list = kinds[number - 1].list,
        .period_days = kinds[number - 1].days,
        .name = cr_span_text(c->name)};
    return true;
}

bool sc_shipped_list(uint64_t number, struct sc_checklist *out)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (lists[i].number != number)
            continue;
        memset(out, 0, sizeof *out);
        out->row.shipped = true;
        out->row.zh = cr_span_text(lists[i].zh);
        out->row.en = cr_span_text(lists[i].en);
        out->number = lists[i].number;
        out->version = 1;
        out->count = lists[i].count;
        for (size_t k = 0; k < out->count; k++)
            out->item[k] = (struct sc_list_item){
                cr_span_text(lists[i].item[k].key), cr_span_text(lists[i].item[k].zh),
                cr_span_text(lists[i].item[k].en), cr_span_text(lists[i].item[k].codes)};
        return true;
    }
    return false;
}
