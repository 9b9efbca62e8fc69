// PostgresData::compare_timelines: gathers what postgres/divergence.h decides on.
#pragma once

#include "ports/postgres.h"
#include "postgres/data_context.h"
#include "postgres/divergence.h"

namespace tamada {

// Never fails: what could not be found out is Unknown, with the reason.
Task<TimelineComparison> compare_with_leader(DataContext context, Member leader, PostgresStatus status,
                                             Instant deadline);

// Where the record at `at` ends, as pg_waldump tells its length. Also used for the final position after a stop.
struct WalRecord {
  Lsn end;
  Lsn previous;
  bool is_switch = false;
};
Task<Result<WalRecord>> read_wal_record(DataContext context, Timeline timeline, Lsn at, Instant deadline);

// Pure: one line of pg_waldump ("rmgr: XLOG  len (rec/tot): 114/ 114, tx: ... lsn: 0/03000028, prev 0/..., desc: ...").
Result<WalRecord> parse_waldump_record(std::string_view output);

}  // namespace tamada
