/* All SQL of the store as constant text: the schema with its numbered migrations, and the
 * statements, prepared once and bound by name. */
#ifndef NODE_STORE_SQL_H
#define NODE_STORE_SQL_H

#define ND_SCHEMA_VERSION 1

/* Scopes, times and counters fit 63 bits; incarnations are stored as their two's complement. */
#define ND_SQL_SCHEMA_1                                                                            \
    "CREATE TABLE meta(k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;" /* One row a log.      \
                                                                               since_*: entries    \
                                                                               and payload bytes   \
                                                                               behind the last     \
                                                                               kept checkpoint.    \
                                                                               cert: sum of the                                                                                               \
                                                                               certificates that   \
                                                                               count for the       \
                                                                               author when its     \
                                                                               subjects were last  \
                                                                               folded. */          \
    "CREATE TABLE log(id INTEGER PRIMARY KEY, log_id BLOB NOT NULL UNIQUE, author BLOB NOT NULL,"  \
    " scope INTEGER NOT NULL, inc INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL,"    \
    " lamport INTEGER NOT NULL, since_n INTEGER NOT NULL, since_bytes INTEGER NOT NULL,"           \
    " cert BLOB NOT NULL);"                                                                        \
    "CREATE INDEX log_author ON log(author, scope);"                                               \
    "CREATE INDEX log_scope ON log(scope);" /* payload NULL: erased, phash and psize stand for it. \
                                               subject NULL: not folded. */                        \
    "CREATE TABLE entry(log INTEGER NOT NULL, seq INTEGER NOT NULL, lamport INTEGER NOT NULL,"     \
    " wall INTEGER NOT NULL, recv INTEGER NOT NULL, flags INTEGER NOT NULL, subject INTEGER,"      \
    " chain BLOB NOT NULL, payload BLOB, phash BLOB, psize INTEGER,"                               \
    " PRIMARY KEY(log, seq)) WITHOUT ROWID;"                                                       \
    "CREATE TABLE ckpt(log INTEGER NOT NULL, seq INTEGER NOT NULL, kept INTEGER NOT NULL,"         \
    " sig BLOB NOT NULL, PRIMARY KEY(log, seq)) WITHOUT ROWID;"                                    \
    "CREATE TABLE urgent(log INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(log, seq))"       \
    " WITHOUT ROWID;"                                                                              \
    "CREATE TABLE quarantine(log INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL,"    \
    " PRIMARY KEY(log, seq)) WITHOUT ROWID;" /* Urgent entries ahead of their log. */              \
    "CREATE TABLE provisional(log_id BLOB NOT NULL, seq INTEGER NOT NULL, author BLOB NOT NULL,"   \
    " scope INTEGER NOT NULL, inc INTEGER NOT NULL, lamport INTEGER NOT NULL, wall INTEGER NOT "   \
    "NULL,"                                                                                        \
    " recv INTEGER NOT NULL, chain BLOB NOT NULL, payload BLOB NOT NULL, sig BLOB NOT NULL,"       \
    " subject INTEGER, PRIMARY KEY(log_id, seq)) WITHOUT ROWID;"                                   \
    "CREATE INDEX provisional_subject ON provisional(subject) WHERE subject IS NOT NULL;"          \
    "CREATE TABLE fork(log_id BLOB PRIMARY KEY, evidence BLOB NOT NULL) WITHOUT ROWID;"            \
    "CREATE TABLE subject(id INTEGER PRIMARY KEY, sid BLOB NOT NULL, scope INTEGER NOT NULL,"      \
    " type INTEGER NOT NULL, UNIQUE(sid, scope));"                                                 \
    "CREATE INDEX subject_cert ON subject(type) WHERE type = 1;"                                   \
    "CREATE TABLE fact(subject INTEGER NOT NULL, log INTEGER NOT NULL, seq INTEGER NOT NULL,"      \
    " PRIMARY KEY(subject, log, seq)) WITHOUT ROWID;" /* Projections: what lists are filtered and  \
                                                         sorted by; the rest is folded when it is  \
                                                         shown. */                                 \
    "CREATE TABLE hazard(subject INTEGER PRIMARY KEY, grid INTEGER NOT NULL, state INTEGER NOT "   \
    "NULL,"                                                                                        \
    " severity INTEGER NOT NULL, flags INTEGER NOT NULL, deadline INTEGER NOT NULL, code TEXT "    \
    "NOT NULL,"                                                                                    \
    " item BLOB NOT NULL);"                                                                        \
    "CREATE INDEX hazard_grid ON hazard(grid, state);"                                             \
    "CREATE INDEX hazard_due ON hazard(deadline) WHERE state < 6 AND deadline > 0;"                \
    "CREATE TABLE record(subject INTEGER PRIMARY KEY, type INTEGER NOT NULL, grid INTEGER NOT "    \
    "NULL,"                                                                                        \
    " flags INTEGER NOT NULL, item BLOB NOT NULL);"                                                \
    "CREATE INDEX record_type ON record(type, grid);"                                              \
    "CREATE TABLE link(a BLOB NOT NULL, b BLOB NOT NULL, subject INTEGER NOT NULL,"                \
    " PRIMARY KEY(a, b, subject)) WITHOUT ROWID;"                                                  \
    "CREATE INDEX link_subject ON link(subject);"                                                  \
    "CREATE TABLE ext(scope INTEGER NOT NULL, ext TEXT NOT NULL, sid BLOB NOT NULL,"               \
    " PRIMARY KEY(scope, ext, sid)) WITHOUT ROWID;"                                                \
    "CREATE TABLE grid(code INTEGER PRIMARY KEY, open INTEGER NOT NULL, dated INTEGER NOT NULL,"   \
    " closed INTEGER NOT NULL, emergency INTEGER NOT NULL, severe INTEGER NOT NULL,"               \
    " conflict INTEGER NOT NULL, visits INTEGER NOT NULL, places INTEGER NOT NULL);" /* Sum of the \
                                                                                        items of a \
                                                                                        scope's    \
                                                                                        subjects.  \
                                                                                      */           \
    "CREATE TABLE scope(scope INTEGER PRIMARY KEY, sum BLOB NOT NULL);"                            \
    "CREATE TABLE fresh(scope INTEGER PRIMARY KEY, wall INTEGER NOT NULL, recv INTEGER NOT NULL,"  \
    " synced INTEGER NOT NULL);"                                                                   \
    "CREATE TABLE common(peer BLOB NOT NULL, log_id BLOB NOT NULL, seq INTEGER NOT NULL,"          \
    " chain8 BLOB NOT NULL, PRIMARY KEY(peer, log_id)) WITHOUT ROWID;"                             \
    "CREATE TABLE peer(kx BLOB PRIMARY KEY, sign BLOB NOT NULL, addr TEXT NOT NULL,"               \
    " enabled INTEGER NOT NULL, ok INTEGER NOT NULL, tried INTEGER NOT NULL, failures INTEGER "    \
    "NOT NULL,"                                                                                    \
    " refused INTEGER NOT NULL, error TEXT NOT NULL) WITHOUT ROWID;"                               \
    "CREATE TABLE invite(id BLOB PRIMARY KEY, secret BLOB NOT NULL, roles INTEGER NOT NULL,"       \
    " grid INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;"

/* A grid code under a prefix: itself, its groups or villages, their groups. */
#define ND_IN_GRID(col) \
    "(" col " BETWEEN :g1 AND :h1 OR " col " BETWEEN :g2 AND :h2 OR " col " BETWEEN :g3 AND :h3)"
#define ND_HAZARD_WHERE                                                                           \
    " FROM hazard WHERE " ND_IN_GRID(                                                             \
        "grid") " AND (:state = 0 OR (:state = 1 AND state < 6) OR"                               \
                " (:state = 2 AND state >= 6)) AND severity >= :severity AND (flags & :flags) = " \
                ":flags"                                                                          \
                " AND (:code IS NULL OR code = :code)"                                            \
                " AND (:due = 0 OR (state < 6 AND deadline > 0 AND deadline < :due))"
#define ND_RECORD_WHERE " FROM record WHERE type = :type AND " ND_IN_GRID("grid")
#define ND_LOG_COLS     "id, log_id, author, scope, inc, seq, chain, lamport"
#define ND_ENTRY_COLS                                                                            \
    "e.log, e.seq, e.lamport, e.wall, e.recv, e.flags, e.subject, e.chain, e.payload, e.phash, " \
    "e.psize"
#define ND_ENTRY_LOG_COLS ND_ENTRY_COLS ", l.author, l.scope, l.inc"

#define ND_SQL_MAP(X)                                                                              \
    X(META_GET, "SELECT v FROM meta WHERE k = :k")                                                 \
    X(META_PUT, "INSERT INTO meta(k, v) VALUES(:k, :v) ON CONFLICT(k) DO UPDATE SET v = :v")       \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(LOG_ALL, "SELECT " ND_LOG_COLS " FROM log ORDER BY id")                                      \
    X(LOG_BY_ID, "SELECT " ND_LOG_COLS ", since_n, since_bytes FROM log WHERE log_id = :log_id")   \
    X(LOG_AT, "SELECT " ND_LOG_COLS " FROM log WHERE id = :id")                                    \
    X(LOG_LAST, "SELECT " ND_LOG_COLS " FROM log WHERE author = :author AND scope = :scope"        \
                " ORDER BY lamport DESC LIMIT 1")                                                  \
    X(LOG_NEW,                                                                                     \
      "INSERT INTO log(log_id, author, scope, inc, seq, chain, lamport, since_n, since_bytes,"     \
      " cert) VALUES(:log_id, :author, :scope, :inc, :seq, :chain, :lamport, :n, :bytes, :cert)")  \
    X(LOG_MOVE, "UPDATE log SET seq = :seq, chain = :chain, lamport = :lamport, since_n = :n,"     \
                " since_bytes = :bytes WHERE id = :id")                                            \
    X(LOG_CERT, "SELECT id, author, cert FROM log ORDER BY id")                                    \
    X(LOG_CERT_PUT, "UPDATE log SET cert = :cert WHERE id = :id")                                  \
    X(LAMPORT, "SELECT max((SELECT coalesce(max(lamport), 0) FROM log),"                           \
               " (SELECT coalesce(max(lamport), 0) FROM provisional))")                            \
    X(LOG_SUM, "SELECT count(*), coalesce(sum(seq + 1), 0) FROM log WHERE scope = :scope")         \
    X(ENTRY_NEW,                                                                                   \
      "INSERT INTO entry(log, seq, lamport, wall, recv, flags, subject, chain, payload, phash,"    \
      " psize) VALUES(:log, :seq, :lamport, :wall, :recv, :flags, :subject, :chain, :payload,"     \
      " :phash, :psize)")                                                                          \
    X(ENTRY_RANGE, "SELECT " ND_ENTRY_COLS " FROM entry e WHERE e.log = :log AND e.seq >= :seq"    \
                   " ORDER BY e.seq")                                                              \
    X(ENTRY_SUBJECTS,                                                                              \
      "SELECT DISTINCT subject FROM entry WHERE log = :log AND subject IS NOT NULL")               \
    X(PROV_SUBJECTS, "SELECT DISTINCT subject FROM provisional WHERE author = :author"             \
                     " AND subject IS NOT NULL")                                                   \
    X(CHAIN_AT, "SELECT chain FROM entry WHERE log = :log AND seq = :seq")                         \
    X(CKPT_NEW, "INSERT INTO ckpt(log, seq, kept, sig) VALUES(:log, :seq, :kept, :sig)"            \
                " ON CONFLICT(log, seq) DO UPDATE SET kept = max(kept, :kept)")                    \
    X(CKPT_KEEP, "UPDATE ckpt SET kept = 1 WHERE log = :log AND seq = :seq")                       \
    X(CKPT_DROP, "DELETE FROM ckpt WHERE log = :log AND seq = :seq AND kept = 0")                  \
    X(CKPT_FROM, "SELECT c.seq, e.chain, c.sig FROM ckpt c JOIN entry e ON e.log = c.log AND"      \
                 " e.seq = c.seq WHERE c.log = :log AND c.seq >= :seq ORDER BY c.seq")             \
    X(CKPT_AT, "SELECT kept, sig FROM ckpt WHERE log = :log AND seq = :seq")                       \
    X(URGENT_NEW, "INSERT OR IGNORE INTO urgent(log, seq) VALUES(:log, :seq)")                     \
    X(URGENT_FROM,                                                                                 \
      "SELECT u.seq, c.sig FROM urgent u JOIN ckpt c ON c.log = u.log AND c.seq = u.seq"           \
      " WHERE u.log = :log AND u.seq >= :seq ORDER BY u.seq LIMIT 1")                              \
    X(QUARANTINE_NEW,                                                                              \
      "INSERT OR REPLACE INTO quarantine(log, seq, reason) VALUES(:log, :seq, :reason)")           \
    X(QUARANTINE_AT, "SELECT reason FROM quarantine WHERE log = :log AND seq = :seq")              \
    X(PROV_NEW,                                                                                    \
      "INSERT OR IGNORE INTO provisional(log_id, seq, author, scope, inc, lamport, wall, recv,"    \
      " chain, payload, sig, subject) VALUES(:log_id, :seq, :author, :scope, :inc, :lamport,"      \
      " :wall, :recv, :chain, :payload, :sig, :subject)")                                          \
    X(PROV_NEXT,                                                                                   \
      "SELECT seq, chain, sig, subject, recv FROM provisional WHERE log_id = :log_id AND"          \
      " seq >= :first AND seq <= :last ORDER BY seq LIMIT 1")                                      \
    X(ENTRY_CAME, "UPDATE entry SET recv = :recv WHERE log = :log AND seq = :seq")                 \
    X(PROV_DROP, "DELETE FROM provisional WHERE log_id = :log_id AND seq = :seq")                  \
    X(PROV_FACTS,                                                                                  \
      "SELECT log_id, seq, lamport, wall, recv, 2, subject, chain, payload, NULL, NULL,"           \
      " author, scope, inc FROM provisional WHERE subject = :subject")                             \
    X(FORK_NEW, "INSERT OR IGNORE INTO fork(log_id, evidence) VALUES(:log_id, :evidence)")         \
    X(SUBJECT_FIND, "SELECT id, type FROM subject WHERE sid = :sid AND scope = :scope")            \
    X(SUBJECT_BY_SID, "SELECT id, scope, type FROM subject WHERE sid = :sid ORDER BY scope")       \
    X(SUBJECT_NEW, "INSERT INTO subject(sid, scope, type) VALUES(:sid, :scope, :type)")            \
    X(SUBJECT_TYPE, "UPDATE subject SET type = :type WHERE id = :id AND type = 0")                 \
    X(SUBJECT_ROW, "SELECT sid, scope, type FROM subject WHERE id = :id")                          \
    X(SUBJECT_ALL, "SELECT id, sid, scope, type FROM subject ORDER BY id")                         \
    X(SUBJECT_PREFIX, "SELECT sid, scope FROM subject WHERE sid >= :low AND sid <= :high LIMIT 3") \
    X(CERT_ENTRIES, "SELECT " ND_ENTRY_LOG_COLS " FROM subject s JOIN fact f ON f.subject = s.id"  \
                    " JOIN entry e ON e.log = f.log AND e.seq = f.seq JOIN log l ON l.id = e.log"  \
                    " WHERE s.type = 1")                                                           \
    X(FACT_NEW, "INSERT INTO fact(subject, log, seq) VALUES(:subject, :log, :seq)")                \
    X(FACTS,                                                                                       \
      "SELECT " ND_ENTRY_LOG_COLS " FROM fact f JOIN entry e ON e.log = f.log AND e.seq = f.seq"   \
      " JOIN log l ON l.id = f.log WHERE f.subject = :subject")                                    \
    X(HAZARD_GET, "SELECT grid, state, severity, flags, deadline, code, item FROM hazard"          \
                  " WHERE subject = :subject")                                                     \
    X(HAZARD_PUT,                                                                                  \
      "INSERT INTO hazard(subject, grid, state, severity, flags, deadline, code, item)"            \
      " VALUES(:subject, :grid, :state, :severity, :flags, :deadline, :code, :item)"               \
      " ON CONFLICT(subject) DO UPDATE SET grid = :grid, state = :state,"                          \
      " severity = :severity, flags = :flags, deadline = :deadline, code = :code,"                 \
      " item = :item")                                                                             \
    X(HAZARD_DROP, "DELETE FROM hazard WHERE subject = :subject")                                  \
    X(RECORD_GET, "SELECT type, grid, flags, item FROM record WHERE subject = :subject")           \
    X(RECORD_PUT,                                                                                  \
      "INSERT INTO record(subject, type, grid, flags, item) VALUES(:subject, :type, :grid,"        \
      " :flags, :item) ON CONFLICT(subject) DO UPDATE SET type = :type, grid = :grid,"             \
      " flags = :flags, item = :item")                                                             \
    X(RECORD_DROP, "DELETE FROM record WHERE subject = :subject")                                  \
    X(RECORD_LIST,                                                                                 \
      "SELECT subject" ND_RECORD_WHERE " ORDER BY grid, subject LIMIT :limit OFFSET :offset")      \
    X(RECORD_COUNT, "SELECT count(*)" ND_RECORD_WHERE)                                             \
    X(HAZARD_LIST,                                                                                 \
      "SELECT subject" ND_HAZARD_WHERE " ORDER BY subject DESC LIMIT :limit OFFSET :offset")       \
    X(HAZARD_COUNT, "SELECT count(*)" ND_HAZARD_WHERE)                                             \
    X(HAZARD_DUE, "SELECT grid, count(*) FROM hazard WHERE state < 6 AND deadline > 0 AND"         \
                  " deadline < :now GROUP BY grid")                                                \
    X(LINK_DROP, "DELETE FROM link WHERE subject = :subject")                                      \
    X(LINK_NEW, "INSERT OR IGNORE INTO link(a, b, subject) VALUES(:a, :b, :subject),"              \
                " (:b, :a, :subject)")                                                             \
    X(LINK_GROUP, "WITH RECURSIVE g(x) AS (SELECT :a UNION SELECT link.b FROM g JOIN link"         \
                  " ON link.a = g.x) SELECT min(x) FROM g")                                        \
    X(EXT_NEW, "INSERT OR IGNORE INTO ext(scope, ext, sid) VALUES(:scope, :ext, :sid)")            \
    X(EXT_GET, "SELECT sid FROM ext WHERE scope = :scope AND ext = :ext ORDER BY sid LIMIT 1")     \
    X(GRID_ADD,                                                                                    \
      "INSERT INTO grid(code, open, dated, closed, emergency, severe, conflict, visits, places)"   \
      " VALUES(:code, :open, :dated, :closed, :emergency, :severe, :conflict, :visits, :places)"   \
      " ON CONFLICT(code) DO UPDATE SET open = open + :open, dated = dated + :dated,"              \
      " closed = closed + :closed, emergency = emergency + :emergency,"                            \
      " severe = severe + :severe, conflict = conflict + :conflict, visits = visits + :visits,"    \
      " places = places + :places")                                                                \
    X(GRID_ALL,                                                                                    \
      "SELECT code, open, dated, closed, emergency, severe, conflict, visits, places FROM grid"    \
      " ORDER BY code")                                                                            \
    X(GRID_DUE,                                                                                    \
      "SELECT grid, min(deadline) FROM hazard WHERE state < 6 AND deadline > 0 GROUP BY grid"      \
      " ORDER BY grid")                                                                            \
    X(SCOPE_GET, "SELECT sum FROM scope WHERE scope = :scope")                                     \
    X(SCOPE_PUT, "INSERT INTO scope(scope, sum) VALUES(:scope, :sum) ON CONFLICT(scope) DO UPDATE" \
                 " SET sum = :sum")                                                                \
    X(SCOPE_ALL, "SELECT scope, sum FROM scope ORDER BY scope")                                    \
    X(FRESH_GET, "SELECT wall, recv, synced FROM fresh WHERE scope = :scope")                      \
    X(FRESH_PUT,                                                                                   \
      "INSERT INTO fresh(scope, wall, recv, synced) VALUES(:scope, :wall, :recv, :synced)"         \
      " ON CONFLICT(scope) DO UPDATE SET wall = max(wall, :wall), recv = max(recv, :recv),"        \
      " synced = max(synced, :synced)")                                                            \
    X(COMMON_ALL, "SELECT log_id, seq, chain8 FROM common WHERE peer = :peer ORDER BY log_id")     \
    X(COMMON_PUT,                                                                                  \
      "INSERT INTO common(peer, log_id, seq, chain8) VALUES(:peer, :log_id, :seq, :chain8)"        \
      " ON CONFLICT(peer, log_id) DO UPDATE SET seq = :seq, chain8 = :chain8"                      \
      " WHERE seq <> :seq OR chain8 <> :chain8")                                                   \
    X(COMMON_COUNT, "SELECT count(*) FROM common WHERE peer = :peer")                              \
    X(COMMON_CLEAR, "DELETE FROM common WHERE peer = :peer")                                       \
    X(PEER_ALL, "SELECT kx, sign, addr, enabled, ok, tried, failures, refused, error FROM peer"    \
                " ORDER BY kx")                                                                    \
    X(PEER_PUT,                                                                                    \
      "INSERT OR REPLACE INTO peer(kx, sign, addr, enabled, ok, tried, failures, refused,"         \
      " error) VALUES(:kx, :sign, :addr, :enabled, :ok, :tried, :failures, :refused, :error)")     \
    X(PEER_DROP, "DELETE FROM peer WHERE kx = :kx")                                                \
    X(INVITE_GET, "SELECT secret, roles, grid, expires, used FROM invite WHERE id = :id")          \
    X(INVITE_PUT,                                                                                  \
      "INSERT OR REPLACE INTO invite(id, secret, roles, grid, expires, used) VALUES(:id,"          \
      " :secret, :roles, :grid, :expires, :used)")                                                 \
    X(PROV_ALL, "SELECT log_id, seq, lamport, wall, recv, 2, subject, chain, payload, NULL, NULL," \
                " author, scope, inc FROM provisional WHERE subject = :subject ORDER BY lamport")  \
    X(LOG_SUMS, "SELECT " ND_LOG_COLS " FROM log ORDER BY log_id")                                 \
    X(STATS, "SELECT (SELECT coalesce(sum(seq + 1), 0) FROM log), (SELECT count(*) FROM log),"     \
             " (SELECT count(*) FROM subject), (SELECT count(*) FROM hazard),"                     \
             " (SELECT count(*) FROM quarantine), (SELECT count(*) FROM provisional),"             \
             " (SELECT count(*) FROM fork)")                                                       \
    X(QUARANTINED,                                                                                 \
      "SELECT " ND_ENTRY_LOG_COLS " FROM quarantine q JOIN entry e ON e.log = q.log AND"           \
      " e.seq = q.seq JOIN log l ON l.id = q.log ORDER BY e.log, e.seq")                           \
    X(LOG_ENTRIES, "SELECT " ND_ENTRY_LOG_COLS " FROM entry e JOIN log l ON l.id = e.log"          \
                   " WHERE e.log = :log ORDER BY e.seq")

enum nd_sql {
#define ND_SQL_ENUM_(name, text) ND_SQL_##name,
    ND_SQL_MAP(ND_SQL_ENUM_)
#undef ND_SQL_ENUM_
        ND_SQL_COUNT
};

#endif
