/* Every SQL text of the store, constant; parameters are bound by name. Included by store_db.c
 * (statements) and store_open.c (migrations).
 *
 * An entry's number is its log's number and its seq in one integer, log << 40 | seq: entries of a
 * log lie side by side in a table keyed by it, and 1e7 of them need 4 levels instead of the 6 of a
 * table without rowids, whose inner pages would hold whole payloads. A provisional entry (ahead of
 * its log) is known by the negative of its own number. */
#ifndef NODE_STORE_SQL_H
#define NODE_STORE_SQL_H

/* Numbered migrations: element i brings user_version i to i + 1. Never edited once released.
 * A row of log is a branch of a log (authority.h): entries below first_seq lie in the row parent
 * (0: none) and those that follows. sig: checkpoint of the head; kept_next: seq after the last kept
 * checkpoint on the path; kept_bytes: payload bytes since; bytes: of its own entries; held,
 * held_bytes: of these, what does not count by its log. */
#define ND_MIGRATION_1                                                                           \
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"                \
    "CREATE TABLE log(id INTEGER PRIMARY KEY, log_id BLOB NOT NULL, branch INTEGER NOT NULL,"    \
    " parent INTEGER NOT NULL, first_seq INTEGER NOT NULL, author BLOB NOT NULL,"                \
    " scope INTEGER NOT NULL, inc INTEGER NOT NULL, seq_next INTEGER NOT NULL,"                  \
    " lamport INTEGER NOT NULL, chain BLOB NOT NULL, sig BLOB NOT NULL,"                         \
    " kept_next INTEGER NOT NULL, kept_bytes INTEGER NOT NULL, flags INTEGER NOT NULL,"          \
    " bytes INTEGER NOT NULL, held INTEGER NOT NULL, held_bytes INTEGER NOT NULL,"               \
    " UNIQUE(log_id, branch));"                                                                  \
    "CREATE INDEX log_author ON log(author, scope);" /* age: received minus wall, ms; payload:   \
                                                        hash and size when pruned */             \
    "CREATE TABLE entry(id INTEGER PRIMARY KEY, flags INTEGER NOT NULL,"                         \
    " lamport INTEGER NOT NULL, wall INTEGER NOT NULL, age INTEGER NOT NULL,"                    \
    " chain BLOB NOT NULL, payload BLOB NOT NULL);"                                              \
    "CREATE TABLE ckpt(id INTEGER PRIMARY KEY, urgent INTEGER NOT NULL, sig BLOB NOT NULL);"     \
    "CREATE INDEX ckpt_urgent ON ckpt(id) WHERE urgent = 1;"                                     \
    "CREATE TABLE quarantine(id INTEGER PRIMARY KEY, reason TEXT NOT NULL);"                     \
    "CREATE TABLE fact(subject INTEGER NOT NULL, entry INTEGER NOT NULL,"                        \
    " PRIMARY KEY(subject, entry)) WITHOUT ROWID;" /* k, rest: the halves of the subject's id;   \
                                                      type 0: shows in no list; rank: place in   \
                                                      lists; tags: flags | severity << 32;       \
                                                      deadline: 0 unless open; item: hash that   \
                                                      stands for it */                           \
    "CREATE TABLE subject(id INTEGER PRIMARY KEY, k INTEGER NOT NULL, rest BLOB NOT NULL,"       \
    " scope INTEGER NOT NULL, type INTEGER NOT NULL, grid INTEGER NOT NULL,"                     \
    " rank INTEGER NOT NULL, tags INTEGER NOT NULL, code TEXT, deadline INTEGER NOT NULL,"       \
    " held INTEGER NOT NULL, extra INTEGER NOT NULL, item BLOB);"                                \
    "CREATE INDEX subject_k ON subject(k);"                                                      \
    "CREATE INDEX subject_list ON subject(type, grid, rank, tags, code) WHERE type > 0;"         \
    "CREATE INDEX subject_rank ON subject(rank, grid, tags, code) WHERE type = 32;"              \
    "CREATE INDEX subject_due ON subject(grid, deadline) WHERE deadline > 0;"                    \
    "CREATE INDEX subject_held ON subject(held) WHERE held > 0;"                                 \
    "CREATE TABLE ext(subject INTEGER PRIMARY KEY, scope INTEGER NOT NULL, key BLOB NOT NULL);"  \
    "CREATE INDEX ext_key ON ext(key, scope);"                                                   \
    "CREATE TABLE link(subject INTEGER NOT NULL, other BLOB NOT NULL,"                           \
    " PRIMARY KEY(subject, other)) WITHOUT ROWID;"                                               \
    "CREATE INDEX link_other ON link(other);"                                                    \
    "CREATE TABLE grid(code INTEGER PRIMARY KEY, open INTEGER NOT NULL,"                         \
    " closed INTEGER NOT NULL, emergency INTEGER NOT NULL, severe INTEGER NOT NULL,"             \
    " visits INTEGER NOT NULL, places INTEGER NOT NULL, conflict INTEGER NOT NULL,"              \
    " declared INTEGER NOT NULL, synthetic INTEGER NOT NULL, name TEXT NOT NULL);"               \
    "CREATE TABLE scope(scope INTEGER PRIMARY KEY, entries INTEGER NOT NULL,"                    \
    " logs INTEGER NOT NULL, subjects INTEGER NOT NULL, hazards INTEGER NOT NULL,"               \
    " held INTEGER NOT NULL, quarantined INTEGER NOT NULL, wall INTEGER NOT NULL,"               \
    " received INTEGER NOT NULL, acc BLOB NOT NULL);"                                            \
    "CREATE TABLE prov(id INTEGER PRIMARY KEY, log_id BLOB NOT NULL, author BLOB NOT NULL,"      \
    " scope INTEGER NOT NULL, inc INTEGER NOT NULL, seq INTEGER NOT NULL,"                       \
    " flags INTEGER NOT NULL, lamport INTEGER NOT NULL, wall INTEGER NOT NULL,"                  \
    " age INTEGER NOT NULL, before BLOB NOT NULL, chain BLOB NOT NULL, payload BLOB NOT NULL,"   \
    " sig BLOB NOT NULL, subject INTEGER NOT NULL);"                                             \
    "CREATE UNIQUE INDEX prov_at ON prov(log_id, seq, chain);"                                   \
    "CREATE TABLE fork(log_id BLOB PRIMARY KEY, author BLOB NOT NULL, scope INTEGER NOT NULL,"   \
    " inc INTEGER NOT NULL, seq_a INTEGER NOT NULL, chain_a BLOB NOT NULL, sig_a BLOB NOT NULL," \
    " seq_b INTEGER NOT NULL, chain_b BLOB NOT NULL, sig_b BLOB NOT NULL) WITHOUT ROWID;"        \
    "CREATE TABLE auth(entry INTEGER PRIMARY KEY, type INTEGER NOT NULL);"                       \
    "CREATE TABLE session(id INTEGER PRIMARY KEY, peer BLOB NOT NULL UNIQUE,"                    \
    " synced INTEGER NOT NULL);"                                                                 \
    "CREATE TABLE common(session INTEGER NOT NULL, log INTEGER NOT NULL, seq INTEGER NOT NULL,"  \
    " chain8 INTEGER NOT NULL, PRIMARY KEY(session, log)) WITHOUT ROWID;"                        \
    "CREATE TABLE peer(kx BLOB PRIMARY KEY, sign BLOB NOT NULL, addr TEXT NOT NULL,"             \
    " enabled INTEGER NOT NULL, last_ok INTEGER NOT NULL, last_try INTEGER NOT NULL,"            \
    " failures INTEGER NOT NULL, refused INTEGER NOT NULL, last_error TEXT NOT NULL)"            \
    " WITHOUT ROWID;"                                                                            \
    "CREATE TABLE invite(id BLOB PRIMARY KEY, secret BLOB NOT NULL, roles INTEGER NOT NULL,"     \
    " grid INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;"

#define ND_MIGRATION_2 "CREATE TABLE policy(entry INTEGER PRIMARY KEY);"

#define ND_LOG_COLUMNS_                                                                            \
    "SELECT id, log_id, author, scope, inc, seq_next, lamport, chain, sig, kept_next, kept_bytes," \
    " branch, parent, first_seq, flags, bytes, held, held_bytes FROM log "
#define ND_SUBJECT_COLUMNS_                                                                     \
    "SELECT id, k, rest, scope, type, grid, rank, tags, code, deadline, held, extra, item FROM" \
    " subject "
#define ND_PROV_COLUMNS_                                                                    \
    "SELECT id, log_id, author, scope, inc, seq, flags, lamport, wall, age, before, chain," \
    " payload, sig, subject FROM prov "
#define ND_HAZARD_FILTER_                                                                       \
    " AND (tags & :flags) = :flags AND (tags >> 32) >= :severity AND (:code IS NULL OR code = " \
    ":code)"
#define ND_HAZARD_LIST_                                                                 \
    " FROM subject WHERE type > 0 AND type = 32 AND grid BETWEEN :grid_lo AND :grid_hi" \
    " AND rank BETWEEN :rank_lo AND :rank_hi" ND_HAZARD_FILTER_
#define ND_HAZARD_DUE_                                                               \
    " FROM subject INDEXED BY subject_due WHERE deadline > 0 AND deadline < :due"    \
    " AND deadline >= :due_from"                                                     \
    " AND grid BETWEEN :grid_lo AND :grid_hi AND rank BETWEEN :rank_lo AND :rank_hi" \
    " AND type = 32" ND_HAZARD_FILTER_

/* name, text */
#define ND_SIGNED_KEYS_ \
    ":k0, :k1, :k2, :k3, :k4, :k5, :k6, :k7, :k8, :k9, :k10, :k11, :k12, :k13, :k14, :k15"
#define ND_SQL_MAP(X)                                                                             \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                   \
    X(BEGIN_READ, "BEGIN")                                                                        \
    X(COMMIT, "COMMIT")                                                                           \
    X(ROLLBACK, "ROLLBACK")                                                                       \
    X(META_GET, "SELECT value FROM meta WHERE key = :key")                                        \
    X(META_PUT, "INSERT INTO meta(key, value) VALUES(:key, :value)"                               \
                " ON CONFLICT(key) DO UPDATE SET value = excluded.value")                         \
    X(LOG_BY_ID, ND_LOG_COLUMNS_ "WHERE log_id = :log_id ORDER BY branch")                        \
    X(LOG_BY_HANDLE, ND_LOG_COLUMNS_ "WHERE id = :id")                                            \
    X(LOG_LAST, ND_LOG_COLUMNS_ "WHERE author = :author AND scope = :scope"                       \
                                " ORDER BY lamport DESC, log_id DESC LIMIT 1")                    \
    X(LOG_EACH, ND_LOG_COLUMNS_ "ORDER BY log_id, branch")                                        \
    X(LOG_OF_AUTHOR, ND_LOG_COLUMNS_ "WHERE author = :author AND id > :id ORDER BY id LIMIT 1")   \
    X(LOG_USE, "SELECT total(seq_next - first_seq), total(bytes), total(held), total(held_bytes)" \
               " FROM log WHERE author = :author")                                                \
    X(LOG_ADD, "INSERT INTO log(log_id, branch, parent, first_seq, author, scope, inc, seq_next," \
               " lamport, chain, sig, kept_next, kept_bytes, flags, bytes, held, held_bytes)"     \
               " VALUES(:log_id, :branch, :parent, :first_seq, :author, :scope, :inc,"            \
               " :first_seq, 0, :log_id, x'', 0, 0, 0, 0, 0, 0)")                                 \
    X(LOG_SET, "UPDATE log SET seq_next = :seq_next, lamport = :lamport, chain = :chain,"         \
               " sig = :sig, kept_next = :kept_next, kept_bytes = :kept_bytes, flags = :flags,"   \
               " bytes = :bytes, held = :held, held_bytes = :held_bytes WHERE id = :id")          \
    X(LOG_HELD, "UPDATE log SET held = :held, held_bytes = :held_bytes, bytes = :bytes"           \
                " WHERE id = :id")                                                                \
    X(LAYOUT, "SELECT l.branch, l.parent, l.first_seq, l.flags, l.held, l.held_bytes, l.bytes,"   \
              " a.type FROM log l, auth a")                                                       \
    X(MAXIMA, "SELECT max(coalesce((SELECT max(lamport) FROM log), 0),"                           \
              " coalesce((SELECT max(lamport) FROM prov), 0)),"                                   \
              " (SELECT coalesce(max(id), 0) FROM subject), (SELECT count(*) FROM prov)")         \
    X(ENTRY_ADD, "INSERT INTO entry(id, flags, lamport, wall, age, chain, payload)"               \
                 " VALUES(:id, :flags, :lamport, :wall, :age, :chain, :payload)")                 \
    X(ENTRY_FLAGS, "UPDATE entry SET flags = :flags WHERE id = :id")                              \
    X(ENTRY_GET, "SELECT flags, lamport, wall, age, chain, payload FROM entry WHERE id = :id")    \
    X(ENTRY_CHAIN, "SELECT chain FROM entry WHERE id = :id")                                      \
    X(ENTRY_AFTER, "SELECT id FROM entry WHERE id BETWEEN :from AND :to AND wall + age >= :ms"    \
                   " ORDER BY id LIMIT 1")                                                        \
    X(ENTRY_IN, "SELECT l.branch, l.id FROM log l JOIN entry e ON e.id = (l.id << 40 | :seq)"     \
                " WHERE l.log_id = :log_id AND e.chain = :chain")                                 \
    X(ENTRY_SUM, "SELECT count(*), total(length(payload)) FROM entry"                             \
                 " WHERE id BETWEEN :from AND :to")                                               \
    X(ENTRY_PUBLIC, "SELECT e.id, e.flags, e.chain, e.payload FROM log l JOIN entry e"            \
                    " ON e.id BETWEEN (l.id << 40) AND (l.id << 40 | 1099511627775)"              \
                    " WHERE l.scope = :scope")                                                    \
    X(SIGNED, "SELECT e.id, e.flags, e.wall, e.age, e.chain, e.payload FROM log l JOIN entry e"   \
              " ON e.id BETWEEN (l.id << 40) AND (l.id << 40 | 1099511627775)"                    \
              " WHERE l.author IN (" ND_SIGNED_KEYS_ ") ORDER BY e.wall DESC, e.id DESC"          \
              " LIMIT :limit OFFSET :offset")                                                     \
    X(SIGNED_COUNT, "SELECT coalesce(sum(seq_next - first_seq), 0) FROM log"                      \
                    " WHERE author IN (" ND_SIGNED_KEYS_ ")")                                     \
    X(ENTRY_RANGE, "SELECT id, flags, lamport, wall, age, chain, payload FROM entry"              \
                   " WHERE id BETWEEN :from AND :to ORDER BY id")                                 \
    X(CKPT_ADD, "INSERT OR REPLACE INTO ckpt(id, urgent, sig) VALUES(:id, :urgent, :sig)")        \
    X(CKPT_FROM, "SELECT id, urgent, sig FROM ckpt WHERE id BETWEEN :from AND :to ORDER BY id")   \
    X(CKPT_LAST, "SELECT id FROM ckpt WHERE id BETWEEN :from AND :to ORDER BY id DESC LIMIT 1")   \
    X(CKPT_URGENT, "SELECT id, sig FROM ckpt WHERE urgent = 1 AND id BETWEEN :from AND :to"       \
                   " ORDER BY id LIMIT 1")                                                        \
    X(QUARANTINE_ADD, "INSERT OR REPLACE INTO quarantine(id, reason) VALUES(:id, :reason)")       \
    X(QUARANTINE_GET, "SELECT reason FROM quarantine WHERE id = :id")                             \
    X(UNREAD_COUNT, "SELECT count(*) FROM quarantine q JOIN entry e ON e.id = q.id"               \
                    " WHERE e.flags & 16")                                                        \
    X(QUARANTINE_EACH, "SELECT id FROM quarantine ORDER BY id")                                   \
    X(QUARANTINE_DROP, "DELETE FROM quarantine WHERE id = :id")                                   \
    X(FACT_ADD, "INSERT OR IGNORE INTO fact(subject, entry) VALUES(:subject, :entry)")            \
    X(FACT_DROP, "DELETE FROM fact WHERE subject = :subject AND entry = :entry")                  \
    X(FACT_HAS, "SELECT 1 FROM fact WHERE subject = :subject AND entry = :entry")                 \
    X(FACT_COUNT, "SELECT count(*) FROM fact WHERE entry > 0")                                    \
    X(FACT_LOAD, "SELECT f.entry, e.flags, e.lamport, e.wall, e.age, e.chain, e.payload"          \
                 " FROM fact f CROSS JOIN entry e ON e.id = f.entry WHERE f.subject = :subject")  \
    X(FACT_PROV, "SELECT entry FROM fact WHERE subject = :subject AND entry < 0")                 \
    X(SUBJECT_BY_K, ND_SUBJECT_COLUMNS_ "WHERE k = :k ORDER BY id")                               \
    X(SUBJECT_GET, ND_SUBJECT_COLUMNS_ "WHERE id = :id")                                          \
    X(SUBJECT_NEXT, ND_SUBJECT_COLUMNS_ "WHERE id > :id ORDER BY id LIMIT 1")                     \
    X(SUBJECT_RANGE, "SELECT k, rest FROM subject WHERE k BETWEEN :lo AND :hi")                   \
    X(SUBJECT_HELD, "SELECT id, held FROM subject WHERE held > 0 ORDER BY id")                    \
    X(SUBJECT_ADD, "INSERT INTO subject(id, k, rest, scope, type, grid, rank, tags, code,"        \
                   " deadline, held, extra, item) VALUES(:id, :k, :rest, :scope, :type, :grid,"   \
                   " :rank, :tags, :code, :deadline, :held, :extra, :item)")                      \
    X(SUBJECT_SET, "UPDATE subject SET type = :type, grid = :grid, rank = :rank, tags = :tags,"   \
                   " code = :code, deadline = :deadline, held = :held, extra = :extra,"           \
                   " item = :item WHERE id = :id")                                                \
    X(SUBJECT_ITEM, "UPDATE subject SET extra = :extra, item = :item WHERE id = :id")             \
    X(EXT_PUT, "INSERT OR REPLACE INTO ext(subject, scope, key) VALUES(:subject, :scope, :key)")  \
    X(EXT_DROP, "DELETE FROM ext WHERE subject = :subject")                                       \
    X(EXT_GET, "SELECT s.k, s.rest FROM ext e JOIN subject s ON s.id = e.subject"                 \
               " WHERE e.key = :key AND e.scope = :scope")                                        \
    X(LINK_ADD, "INSERT OR IGNORE INTO link(subject, other) VALUES(:subject, :other)")            \
    X(LINK_DROP, "DELETE FROM link WHERE subject = :subject")                                     \
    X(LINK_OF, "SELECT other FROM link WHERE subject = :subject")                                 \
    X(LINK_TO, "SELECT subject FROM link WHERE other = :other")                                   \
    X(GRID_ADD, "INSERT INTO grid(code, open, closed, emergency, severe, visits, places,"         \
                " conflict, declared, synthetic, name) VALUES(:code, :open, :closed, :emergency," \
                " :severe, :visits, :places, :conflict, 0, 0, '') ON CONFLICT(code) DO UPDATE"    \
                " SET open = open + excluded.open, closed = closed + excluded.closed,"            \
                " emergency = emergency + excluded.emergency, severe = severe + excluded.severe," \
                " visits = visits + excluded.visits, places = places + excluded.places,"          \
                " conflict = conflict + excluded.conflict")                                       \
    X(GRID_DECLARE, "UPDATE grid SET declared = :declared, synthetic = :synthetic, name = :name"  \
                    " WHERE code = :code")                                                        \
    X(GRID_EACH, "SELECT code, open, closed, emergency, severe, visits, places, conflict,"        \
                 " declared, synthetic, name FROM grid WHERE code BETWEEN :lo AND :hi"            \
                 " ORDER BY code")                                                                \
    X(GRID_SUM, "SELECT total(open), total(closed), total(visits), total(places) FROM grid"       \
                " WHERE code BETWEEN :lo AND :hi")                                                \
    X(GRID_DUE, "SELECT min(deadline) FROM subject INDEXED BY subject_due"                        \
                " WHERE deadline > 0 AND grid = :code")                                           \
    X(GRID_OVERDUE, "SELECT count(*) FROM subject INDEXED BY subject_due"                         \
                    " WHERE deadline > 0 AND grid = :code AND deadline < :now")                   \
    X(GRID_CLEAR, "DELETE FROM grid")                                                             \
    X(SCOPE_EACH, "SELECT scope, entries, logs, subjects, hazards, held, quarantined, wall,"      \
                  " received, acc FROM scope ORDER BY scope")                                     \
    X(SCOPE_PUT, "INSERT OR REPLACE INTO scope(scope, entries, logs, subjects, hazards, held,"    \
                 " quarantined, wall, received, acc) VALUES(:scope, :entries, :logs, :subjects,"  \
                 " :hazards, :held, :quarantined, :wall, :received, :acc)")                       \
    X(PROV_ADD, "INSERT INTO prov(log_id, author, scope, inc, seq, flags, lamport, wall, age,"    \
                " before, chain, payload, sig, subject) VALUES(:log_id, :author, :scope, :inc,"   \
                " :seq, :flags, :lamport, :wall, :age, :before, :chain, :payload, :sig,"          \
                " :subject)")                                                                     \
    X(PROV_GET, ND_PROV_COLUMNS_ "WHERE id = :id")                                                \
    X(PROV_AT, "SELECT id FROM prov WHERE log_id = :log_id AND seq = :seq AND chain = :chain")    \
    X(PROV_IN, ND_PROV_COLUMNS_ "WHERE log_id = :log_id AND seq BETWEEN :from AND :to"            \
                                " ORDER BY seq, chain")                                           \
    X(PROV_OF_LOG, "SELECT count(*) FROM prov WHERE log_id = :log_id")                            \
    X(PROV_NEXT, ND_PROV_COLUMNS_ "WHERE log_id = :log_id AND seq >= :seq AND (flags & :mask) ="  \
                                  " :flags ORDER BY seq, chain LIMIT 1")                          \
    X(PROV_EACH, ND_PROV_COLUMNS_ "WHERE id > :id ORDER BY id LIMIT 1")                           \
    X(PROV_FLAG, "UPDATE prov SET flags = :flags WHERE id = :id")                                 \
    X(PROV_SET, "UPDATE prov SET subject = :subject, flags = :flags WHERE id = :id")              \
    X(PROV_DROP, "DELETE FROM prov WHERE id = :id")                                               \
    X(FORK_ADD, "INSERT OR IGNORE INTO fork(log_id, author, scope, inc, seq_a, chain_a, sig_a,"   \
                " seq_b, chain_b, sig_b) VALUES(:log_id, :author, :scope, :inc, :seq_a,"          \
                " :chain_a, :sig_a, :seq_b, :chain_b, :sig_b)")                                   \
    X(FORK_COUNT, "SELECT count(*) FROM fork")                                                    \
    X(FORK_EACH, "SELECT author, scope, inc, seq_a, chain_a, sig_a, seq_b, chain_b, sig_b"        \
                 " FROM fork ORDER BY log_id")                                                    \
    X(AUTH_ADD, "INSERT OR IGNORE INTO auth(entry, type) VALUES(:entry, :type)")                  \
    X(AUTH_EACH, "SELECT a.entry, a.type, e.chain, e.payload FROM auth a CROSS JOIN entry e"      \
                 " ON e.id = a.entry ORDER BY a.entry")                                           \
    X(AUTH_HAS, "SELECT 1 FROM auth WHERE entry = :entry AND type = :type")                       \
    X(AUTH_COUNT, "SELECT count(*) FROM auth")                                                    \
    X(POLICY_ADD, "INSERT OR IGNORE INTO policy(entry) VALUES(:entry)")                           \
    X(POLICY_EACH, "SELECT p.entry, e.lamport, e.wall, e.chain, e.payload FROM policy p"          \
                   " CROSS JOIN entry e ON e.id = p.entry ORDER BY p.entry")                      \
    X(POLICY_ENTRIES, "SELECT id, chain, payload FROM entry WHERE wall >= :from"                  \
                      " AND (flags & :skip) = 0")                                                 \
    X(SESSION_GET, "SELECT id FROM session WHERE peer = :peer")                                   \
    X(SESSION_ADD, "INSERT INTO session(peer, synced) VALUES(:peer, 0)")                          \
    X(SESSION_SYNCED, "UPDATE session SET synced = :synced WHERE id = :id")                       \
    X(SESSION_EACH, "SELECT peer, synced FROM session WHERE synced > 0")                          \
    X(COMMON_PUT, "INSERT INTO common(session, log, seq, chain8)"                                 \
                  " VALUES(:session, :log, :seq, :chain8) ON CONFLICT(session, log) DO UPDATE"    \
                  " SET seq = excluded.seq, chain8 = excluded.chain8"                             \
                  " WHERE seq != excluded.seq OR chain8 != excluded.chain8")                      \
    X(COMMON_LOGS, "SELECT log FROM common WHERE session = :session ORDER BY log")                \
    X(COMMON_DROP, "DELETE FROM common WHERE session = :session AND log = :log")                  \
    X(COMMON_EACH, "SELECT l.log_id, c.seq, c.chain8 FROM common c JOIN log l ON l.id = c.log"    \
                   " WHERE c.session = :session ORDER BY l.log_id, c.seq, c.chain8")              \
    X(PEER_PUT, "INSERT OR REPLACE INTO peer(kx, sign, addr, enabled, last_ok, last_try,"         \
                " failures, refused, last_error) VALUES(:kx, :sign, :addr, :enabled, :last_ok,"   \
                " :last_try, :failures, :refused, :last_error)")                                  \
    X(PEER_DROP, "DELETE FROM peer WHERE kx = :kx")                                               \
    X(PEER_NEXT, "SELECT kx, sign, addr, enabled, last_ok, last_try, failures, refused,"          \
                 " last_error FROM peer WHERE kx > :kx ORDER BY kx LIMIT 1")                      \
    X(INVITE_PUT, "INSERT OR REPLACE INTO invite(id, secret, roles, grid, expires, used)"         \
                  " VALUES(:id, :secret, :roles, :grid, :expires, :used)")                        \
    X(INVITE_GET, "SELECT secret, roles, grid, expires, used FROM invite WHERE id = :id")         \
    X(INVITE_NEXT, "SELECT id FROM invite WHERE id > :id ORDER BY id LIMIT 1")                    \
    X(HAZARDS, "SELECT id, rank" ND_HAZARD_LIST_ " ORDER BY rank LIMIT :limit OFFSET :offset")    \
    X(HAZARDS_RANK, "SELECT id, rank FROM subject INDEXED BY subject_rank WHERE type = 32"        \
                    " AND grid BETWEEN :grid_lo AND :grid_hi"                                     \
                    " AND rank BETWEEN :rank_lo AND :rank_hi" ND_HAZARD_FILTER_                   \
                    " ORDER BY rank LIMIT :limit OFFSET :offset")                                 \
    X(HAZARDS_COUNT, "SELECT count(*)" ND_HAZARD_LIST_)                                           \
    X(HAZARDS_DUE, "SELECT id, rank" ND_HAZARD_DUE_ " ORDER BY rank LIMIT :limit OFFSET :offset") \
    X(HAZARDS_DUE_COUNT, "SELECT count(*)" ND_HAZARD_DUE_)                                        \
    X(RECORDS, "SELECT id FROM subject WHERE type > 0 AND type = :type"                           \
               " AND grid BETWEEN :grid_lo AND :grid_hi ORDER BY grid, rank, k"                   \
               " LIMIT :limit OFFSET :offset")                                                    \
    X(RECORDS_COUNT, "SELECT count(*) FROM subject WHERE type > 0 AND type = :type"               \
                     " AND grid BETWEEN :grid_lo AND :grid_hi")                                   \
    X(DECLARED, "SELECT id FROM subject WHERE type > 0 AND type = 10 AND grid = :grid"            \
                " ORDER BY k, rest LIMIT 1")                                                      \
    X(PAGE_COUNT, "PRAGMA page_count")                                                            \
    X(PAGE_SIZE, "PRAGMA page_size")                                                              \
    X(DATA_VERSION, "PRAGMA data_version")                                                        \
    X(USER_VERSION, "PRAGMA user_version")                                                        \
    X(QUICK_CHECK, "PRAGMA quick_check(1)")                                                       \
    X(INTEGRITY, "PRAGMA integrity_check(20)")

#endif
