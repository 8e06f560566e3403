/* The hazard codes of the street's catalogue: A egress, B equipment, C electric, D fire and gas,
 * E electric bicycles, F sleeping and mixed use, G dangerous goods, H construction, I access and
 * water, J management, K people, L illegal production, M suspected major, X other than fire.
 * Ascending. Where a code has two time limits the shorter stands here. */
#include "schema/record.h"

#include <string.h>

#define P SC_DAYS_PLAN
#define T SC_DAYS_TRANSFER

static const struct sc_hazard_code codes[] = {
    {"A01", 3, 0, "安全出口锁闭或堵塞", "Exit locked or blocked"},
    {"A02", 3, P, "安全出口数量不足", "Too few exits"},
    {"A03", 2, 0, "疏散走道、楼梯堆放物品", "Goods in corridor or stair"},
    {"A04", 3, 7, "逃生窗设置栅栏或广告牌", "Bars or billboard on an escape window"},
    {"A05", 2, 7, "应急照明、疏散指示标志缺失或损坏", "Emergency light or exit sign missing"},
    {"A06", 2, 0, "防火门常开或损坏", "Fire door wedged open or broken"},
    {"A07", 2, 0, "通往屋面的门上锁", "Door to the roof locked"},
    {"B01", 2, 3, "未配或少配灭火器", "No or too few extinguishers"},
    {"B02", 2, 3, "灭火器过期或压力不足", "Extinguisher expired or low in pressure"},
    {"B03", 2, 0, "消火栓、灭火器被遮挡、圈占", "Hydrant or extinguisher covered"},
    {"B04", 3, 15, "室内消火栓无水", "Indoor hydrant without water"},
    {"B05", 2, 7, "水带、水枪缺失", "Hose or nozzle missing"},
    {"B06", 3, 15, "火灾自动报警系统停用或故障", "Fire alarm system off or faulty"},
    {"B07", 3, 15, "自动喷水灭火系统停用或故障", "Sprinkler system off or faulty"},
    {"B08", 2, 7, "未安装独立式烟感报警器", "No stand-alone smoke alarm"},
    {"B09", 3, 1, "擅自关停、拆除消防设施", "Fire equipment shut off or removed without leave"},
    {"B10", 2, 0, "防火卷帘下堆放物品", "Goods under a fire shutter"},
    {"C01", 2, 3, "私拉乱接电线", "Wiring strung at will"},
    {"C02", 3, 7, "电线老化、裸露", "Aged or bare wire"},
    {"C03", 2, 15, "电线未穿管或敷设在可燃物上", "Wire without conduit or on combustibles"},
    {"C04", 2, 0, "超负荷用电、使用大功率电器", "Overload or high-power appliance"},
    {"C05", 2, 7, "未装漏电保护器", "No leakage breaker"},
    {"C06", 2, 0, "配电箱周围堆放可燃物", "Combustibles at the switch box"},
    {"D01", 3, 0, "违规动火作业或无人监护", "Hot work without permit or guard"},
    {"D02", 2, 7, "烟道油垢未清洗、灶具无人看管", "Greasy flue or unwatched stove"},
    {"D03", 3, 0, "违规使用瓶装液化气", "Bottled gas misused"},
    {"D04", 2, 3, "燃气软管老化、无熄火保护", "Aged gas hose or no flame-out cut-off"},
    {"D05", 2, 0, "祭祀、焚烧秸秆、燃放烟花爆竹", "Ritual or field burning, fireworks"},
    {"D06", 2, 0, "炭火、取暖器靠近被褥", "Charcoal or heater near bedding"},
    {"D07", 2, 0, "禁火区域吸烟", "Smoking in a no-fire zone"},
    {"E01", 2, 0, "电动自行车停放在门厅、楼梯间", "E-bike parked in lobby or stair"},
    {"E02", 3, 0, "电动自行车在楼道、室内充电", "E-bike charged in stair or room"},
    {"E03", 3, 0, "飞线充电", "E-bike charged by a wire from a window"},
    {"E04", 2, 15, "车棚无防火分隔、灭火器或断电保护",
     "E-bike shed without separation, extinguisher or cut-off"},
    {"E05", 3, 0, "电池入户、改装电池", "Battery taken indoors or modified"},
    {"F01", 3, 3, "临街门面违规住人", "Persons sleeping in a shop front"},
    {"F02", 3, 15, "三合一场所未防火分隔", "Mixed use without fire separation"},
    {"F03", 3, 7, "住宿部分无独立出口或逃生窗", "Sleeping part without own exit or escape window"},
    {"F04", 3, 3, "阁楼、夹层住人", "Persons sleeping in a loft"},
    {"F05", 2, 15, "群租、违规分隔出租", "Subdivided group renting"},
    {"F06", 3, 1, "车间、仓库住人", "Persons sleeping in a workshop or warehouse"},
    {"G01", 3, 0, "非法储存、销售易燃易爆品", "Illegal storage or sale of flammables"},
    {"G02", 4, 0, "居住建筑内存放易燃易爆品", "Flammables in a dwelling building"},
    {"G03", 2, 3, "可燃物大量堆积", "Heaps of combustibles"},
    {"G04", 3, T, "违规储存、销售烟花爆竹", "Fireworks stored or sold illegally"},
    {"G05", 2, 3, "灶边、墙边堆放柴草", "Straw or wood at stove or wall"},
    {"H01", 3, 30, "使用泡沫夹芯彩钢板", "Foam sandwich panels"},
    {"H02", 3, 30, "使用易燃可燃装修材料", "Flammable lining"},
    {"H03", 3, 30, "防火分隔被破坏", "Fire partition broken"},
    {"H04", 3, 30, "占用防火间距", "Gap between buildings built over"},
    {"H05", 2, 30, "管井未封堵、保温材料裸露", "Shaft unsealed or insulation exposed"},
    {"I01", 3, 0, "占用、堵塞消防车通道", "Fire lane blocked"},
    {"I02", 2, 15, "市政消火栓被埋压或损坏", "Street hydrant buried or broken"},
    {"I03", 2, 30, "农村消防水源不能使用", "Rural water point unusable"},
    {"I04", 3, 0, "占用消防登高场地", "Ladder pad occupied"},
    {"J01", 1, 15, "未明确消防安全责任人、制度", "No responsible person or rules"},
    {"J02", 1, 7, "无巡查、自查记录", "No patrol or self-check record"},
    {"J03", 1, 30, "无应急预案、未开展演练", "No plan or drill"},
    {"J04", 3, 0, "消防控制室无人值班、无证上岗", "Control room unmanned or unlicensed"},
    {"J05", 3, T, "未经消防验收、检查擅自投入使用", "Opened without acceptance or check"},
    {"J06", 1, 15, "未签订责任书、防火公约", "No pledge or convention signed"},
    {"J07", 2, 30, "消防设施未年度检测", "No annual test"},
    {"K01", 1, 7, "不掌握“一懂三会”", "Staff lack the basic fire knowledge"},
    {"K02", 2, 7, "重点人员无帮扶措施", "Person at risk without a helper plan"},
    {"L01", 3, 1, "家庭户非法生产", "Illegal household production"},
    {"M01", 4, P, "疑似重大火灾隐患", "Suspected major fire hazard"},
    {"X01", 3, P, "房屋建筑安全隐患", "Building danger (not fire)"},
    {"X02", 3, T, "燃气安全隐患", "Gas danger (not fire)"},
    {"X03", 2, T, "非法经营", "Illegal business (not fire)"},
};

#undef P
#undef T

#define CODE_COUNT (sizeof codes / sizeof codes[0])

const struct sc_hazard_code *sc_hazard_code_find(struct cr_span code)
{
    size_t low = 0, high = CODE_COUNT;

    if (code.n != 3)
        return NULL;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = memcmp(code.p, codes[mid].code, 3);

        if (order == 0)
            return &codes[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct sc_hazard_code *sc_hazard_code_at(size_t index)
{
    return index < CODE_COUNT ? &codes[index] : NULL;
}
