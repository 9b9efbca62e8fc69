// Timeline history files: pg_wal/<timeline>.history and the answer to TIMELINE_HISTORY. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/cluster_view.h"
#include "model/lsn.h"

namespace tamada {

// Lines in the order of the file, oldest first: the timeline and where the next one forked off it. Comments and empty
// lines are skipped as PostgreSQL does. Error Invalid with the line's number: a field is missing or no number, or the
// timelines do not rise.
Result<std::vector<HistoryLine>> parse_timeline_history(std::string_view text);

// "00000002.history"
std::string history_file_name(Timeline timeline);

}  // namespace tamada
